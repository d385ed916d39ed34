//! The plugin's own settings, so no grant is needed. A secret is among them for nobody.

use crate::call::State;
use crate::contract::lignaflow::plugin::settings::Host;
use crate::contract::lignaflow::plugin::types::Value;
use crate::convert::value;
use crate::stop::Stop;

impl Host for State {
    async fn get(&mut self, key: String) -> wasmtime::Result<Option<Value>> {
        self.charge()?;
        let reads = self.reads.clone();
        // This interface has no error to answer with, so the call ends with the host's.
        let found = reads.setting(&key).await.map_err(Stop::Refused)?;
        let found = found.map(value::to_wire);
        self.hand_over(0, found.iter().map(value::weight).sum())?;
        Ok(found)
    }
}
