//! Records on their way to the version that carries them over.

use super::value::fields_to;
use crate::contract::carrying::exports::lignaflow::plugin::migration as wire;
use lignaflow_core::guest::{FormerRecord, Portion};

pub(crate) fn portion(portion: Portion) -> wire::Portion {
    wire::Portion {
        from_version: portion.from_version,
        to_version: portion.to_version,
        collection: portion.collection,
        records: portion.records.into_iter().map(former).collect(),
    }
}

fn former(record: FormerRecord) -> wire::Former {
    wire::Former {
        id: record.id.to_string(),
        version: record.version,
        archived: record.archived,
        fields: fields_to(record.fields),
    }
}
