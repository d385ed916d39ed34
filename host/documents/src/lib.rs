//! Documents: a template and data become a PDF, in a world without files and network.
