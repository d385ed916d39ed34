//! Everything that is kept sealed, sealed anew with the secret key of now. A server that goes on meanwhile opens both: it
//! has the key before among its own.

use crate::settings;
use crate::webhooks::seal::{Seal, SealFault};
use lignaflow_identity::{Keys, second_factor_seal};
use lignaflow_store::sealed::{self, Place, Sealed};
use lignaflow_store::{Store, StoreError};
use std::collections::BTreeMap;

/// What there is of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub renewed: u64,
    /// Sealed with the key of now before.
    pub current: u64,
}

/// How it went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rotated {
    /// By what they are the secrets of.
    pub counts: BTreeMap<&'static str, Count>,
    /// What no key opens, in words.
    pub lost: Vec<String>,
}

impl Rotated {
    pub fn renewed(&self) -> u64 {
        self.counts.values().map(|count| count.renewed).sum()
    }

    pub fn current(&self) -> u64 {
        self.counts.values().map(|count| count.current).sum()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum RotationFault {
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Seal(#[from] SealFault),
}

const fn kind(place: &Place) -> &'static str {
    match place {
        Place::Webhook { .. } | Place::FormerWebhook { .. } => "webhooks",
        Place::Plugin { .. } => "settings of plugins",
        Place::SecondFactor { .. } => "second factors",
    }
}

fn in_words(place: &Place) -> String {
    match place {
        Place::Webhook { organization, id } => format!("webhook {id} of organization {organization}"),
        Place::FormerWebhook { organization, id } => {
            format!("the former secret of webhook {id} of organization {organization}")
        }
        Place::Plugin { organization, plugin, name } => {
            format!("the secret `{name}` of the plugin {plugin} in organization {organization}")
        }
        Place::SecondFactor { person } => format!("the second factor of person {person}"),
    }
}

/// What was lost stays as it is; what somebody sets meanwhile stays theirs.
pub async fn rotate(store: &Store, keys: &Keys) -> Result<Rotated, RotationFault> {
    let (webhooks, plugins, factors) = (Seal::new(keys)?, settings::seal(keys)?, second_factor_seal(keys)?);
    let mut rotated = Rotated::default();
    for Sealed { place, bytes } in sealed::all(store.database()).await? {
        let renewed = match &place {
            Place::Webhook { organization, id } | Place::FormerWebhook { organization, id } => {
                webhooks.renewed_of(*organization, *id, &bytes)
            }
            Place::Plugin { organization, plugin, name } => {
                plugins.renewed(&settings::secret_place(*organization, plugin, name), &bytes)
            }
            Place::SecondFactor { person } => factors.renewed(person.0.bytes(), &bytes),
        };
        let count = rotated.counts.entry(kind(&place)).or_default();
        match renewed {
            Ok(None) => count.current += 1,
            Ok(Some(next)) => {
                count.renewed += 1;
                store
                    .database()
                    .write(move |tx| Box::pin(async move { sealed::replace(tx, &place, &bytes, &next).await }))
                    .await?;
            }
            Err(SealFault::OtherKey) => rotated.lost.push(in_words(&place)),
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(rotated)
}
