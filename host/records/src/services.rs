//! Services between plugins: who is called for whom, and what of it joins the call that it was made in.

use crate::answers;
use crate::made::MadeFile;
use crate::reads::GuestReads;
use lignaflow_core::commit::{ReadCheck, SettingsCheck};
use lignaflow_core::guest::{CallFault, Guest as _, Remainder, ServiceCall};
use lignaflow_core::mutation::Mutation;
use lignaflow_core::name::PluginId;
use lignaflow_core::{ErrorCode, Fault};
use std::sync::Arc;

/// Where a call stands among the calls that it was made in.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    /// The plugins whose code waits for it, the outermost first.
    pub chain: Vec<PluginId>,
    /// Whether what services write can be carried out.
    pub may_write: bool,
}

impl Reach {
    /// A call by the host, whose writes are carried out.
    pub(crate) const fn writing() -> Self {
        Self { chain: Vec::new(), may_write: true }
    }

    /// A call by the host that is to leave nothing, or whose writes are bounded otherwise.
    pub(crate) const fn reading() -> Self {
        Self { chain: Vec::new(), may_write: false }
    }
}

/// What a call rests on, and what joins its writes.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub reads: Vec<ReadCheck>,
    pub settings: Vec<SettingsCheck>,
    /// What services that were called want written, in the order of their answers.
    pub joined: Vec<(PluginId, Vec<Mutation>)>,
    /// What it made.
    pub files: Vec<MadeFile>,
}

impl GuestReads {
    pub(crate) async fn serve(&self, plugin: &PluginId, call: ServiceCall, rest: Remainder) -> Result<String, Fault> {
        let name = format!("{plugin}.{}", call.service);
        let mut chain = self.reach.chain.clone();
        chain.push(self.plugin.clone());
        if chain.contains(plugin) {
            let through: Vec<_> = chain.iter().chain([plugin]).map(PluginId::as_str).collect();
            let message = format!("The call of {name} leads in a circle: {}.", through.join(" → "));
            return Err(Fault::new(ErrorCode::Denied, message));
        }
        let organization = self.caller.organization;
        let guest = self.snapshot.plugins.get(plugin).filter(|_| self.snapshot.is_enabled(organization, plugin));
        let Some(guest) = guest else {
            let message = format!("The service {name} is not there: its plugin is off.");
            return Err(Fault::new(ErrorCode::Unavailable, message));
        };
        let reach = Reach { chain, may_write: self.reach.may_write };
        let reads = Arc::new(self.nested(plugin.clone(), reach));
        let answer = guest.invoke(reads.clone(), call, rest).await;
        let mut taken = reads.taken()?;
        // Also what a refusal rests on: the plugin that calls makes something of it.
        let answer = match answer {
            Ok(answer) => answer,
            Err(fault) => {
                taken.joined.clear();
                taken.files.clear();
                self.join(taken);
                return Err(told(fault, plugin, &name));
            }
        };
        if !answer.writes.is_empty() {
            if !self.reach.may_write {
                let message = format!("The service {name} changes records, and nothing can be changed in this call.");
                return Err(Fault::new(ErrorCode::Denied, message));
            }
            taken.joined.push((plugin.clone(), answer.writes));
        }
        self.join(taken);
        Ok(answer.value)
    }
}

/// What the plugin that calls is told: the service's own refusal, or that there is no answer.
fn told(fault: CallFault, plugin: &PluginId, name: &str) -> Fault {
    match fault {
        CallFault::Refused(fault) => fault,
        fault => {
            let inner = answers::of_call(fault, plugin);
            tracing::warn!(%plugin, service = name, fault = %inner, "a service gave no answer");
            Fault::new(ErrorCode::Unavailable, format!("The service {name} gave no answer: {}", inner.message))
        }
    }
}
