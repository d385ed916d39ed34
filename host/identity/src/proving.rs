//! Proving once more who one is, before what would do harm in a browser that was left open.

use crate::authenticate::{Authenticated, Via};
use crate::client::Client;
use crate::form::Reader;
use crate::second_factor::wrong_code;
use crate::secret::Secret;
use crate::sessions::NewSession;
use crate::sign_in::SignInFault;
use crate::{Identity, SECOND, error};
use lignaflow_core::{ErrorCode, Fault, Issue};
use lignaflow_store::identity::{people, sessions};

/// Seconds for which a proof holds.
const HOLDS: i64 = 10 * 60;

/// The code by which a client knows that a proof is what is missing.
pub const PROVE_AGAIN: &str = "prove-again";

/// Whether a fault asks for a proof.
pub fn asks_for_proof(fault: &Fault) -> bool {
    fault.issues.iter().any(|issue| issue.code == PROVE_AGAIN)
}

fn prove_again() -> Fault {
    let message = "Prove who you are once more, with your password.";
    Fault {
        code: ErrorCode::Denied,
        message: message.to_owned(),
        issues: vec![Issue::new("/session", PROVE_AGAIN, message)],
    }
}

impl Authenticated {
    /// That they have proved who they are a moment ago. A token was made by who had, for just that.
    pub fn proved(&self) -> Result<(), Fault> {
        match self.via {
            Via::Token(..) => Ok(()),
            Via::Session(_) if self.device.is_some() => self.own_session().map(|_| ()),
            Via::Session(_) if self.caller.now - self.proved_at <= HOLDS * SECOND => Ok(()),
            Via::Session(_) => Err(prove_again()),
        }
    }
}

impl Identity {
    /// Proves who one is by password, and by a code where a second factor is on. The session goes on under a new secret.
    pub async fn prove_again(
        &self,
        actor: &Authenticated,
        client: Client,
        password: &str,
        code: &str,
    ) -> Result<NewSession, SignInFault> {
        let session = actor.own_session()?;
        let (id, organization, now) = (actor.person.id, actor.caller.organization, self.now());
        let attempt = self.attempt(&format!("password of {id}"), &client, true).await?;
        let hash = people::password(self.database(), id).await.map_err(error::told)?;
        if !self.passwords().verify(password, hash).await? {
            self.note_failure("", client, Some(id)).await?;
            let mut reader = Reader::default();
            reader.note("/password", "wrong", "That is not your password.");
            reader.finish()?;
        }
        // Before the secret is another: nothing after that may fail.
        self.succeeded(attempt).await?;
        let proof = if actor.person.second_factor { Some(self.second_proof(id, code).await?) } else { None };
        let secret = Secret::fresh()?;
        let hash = secret.hash();
        let expires_at = self
            .write(move |tx| {
                Box::pin(async move {
                    if let Some(proof) = proof
                        && !proof.take(tx, now).await?
                    {
                        return Err(wrong_code().into());
                    }
                    let rotated = sessions::prove(tx, session, &hash, now).await?;
                    rotated.ok_or_else(|| Fault::not_found("such session").into())
                })
            })
            .await?;
        Ok(NewSession { id: session, secret, organization, expires_at })
    }
}
