//! What one person did: their lines of the change log.

use crate::Store;
use crate::database::{Dialect, Statement};
use crate::error::StoreError;
use crate::log::LogEntry;
use lignaflow_core::PersonId;
use lignaflow_core::caller::Access;
use lignaflow_core::clock::Micros;
use lignaflow_core::position::LogPosition;

impl Store {
    /// The changes that a person made after a position, the earliest first. The log is read through for them: it has no
    /// index of people, which every write would pay for.
    pub async fn acts_of(
        &self,
        access: Access<'_>,
        person: PersonId,
        after: LogPosition,
        limit: u16,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let mut values = vec![access.organization().0.uuid().into(), person.to_string().into()];
        let (window, order) = match self.dialect() {
            Dialect::Sqlite => {
                values.push(after.sequence.into());
                ("sequence > $3", "sequence")
            }
            Dialect::Postgres => {
                values.extend([after.transaction.to_string().into(), after.sequence.into()]);
                ("(xid, sequence) > ($3::text::xid8, $4)", "xid, sequence")
            }
        };
        let condition = format!(
            "where organization = $1 and principal_kind = 'person' and principal_id = $2 and {window} \
             order by {order} limit {limit}"
        );
        self.log_entries(&condition, values).await
    }

    /// When a person last changed anything; nothing where they never did.
    pub async fn last_act_of(&self, access: Access<'_>, person: PersonId) -> Result<Option<Micros>, StoreError> {
        let statement = Statement::new(
            "select max(at) from changes where organization = $1 and principal_kind = 'person' and principal_id = $2",
            vec![access.organization().0.uuid().into(), person.to_string().into()],
        );
        self.database().fetch_one(statement).await?.opt_i64(0)
    }
}
