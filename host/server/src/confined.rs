//! Processes of this very program that do what may be hostile: read a table, make a document, compile a plugin. Each is
//! told on its command line what it may use, gives up everything beyond that before it looks at a byte, has no
//! environment, and knows nothing of what the server knows. What breaks it breaks it alone.
//!
//! | file | holds |
//! |---|---|
//! | [`Bounds`] (`bounds`) | what such a process may use, and how it gives up the rest |
//! | [`Program`] (`program`) | the parent's side: it is started, handed its input, and why it ended is told |

mod bounds;
mod program;

pub use bounds::{Bounds, Measured};
pub use program::{Ended, Program};
