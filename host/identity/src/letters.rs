//! What people are mailed about their accounts and invitations, in words.

use lignaflow_core::OrganizationId;
use lignaflow_core::clock::Micros;
use lignaflow_core::mail::{Letter, Message, Recipient};
use lignaflow_core::value::instant_text;

fn to(address: &str, name: &str) -> Recipient {
    Recipient { address: address.to_owned(), name: name.to_owned() }
}

/// `(organization, its name)`.
pub(crate) fn invitation(
    organization: (OrganizationId, &str),
    by: &str,
    address: (&str, &str),
    secret: &str,
    expires_at: Micros,
) -> Message {
    let (id, name) = organization;
    let letter = Letter::new(format!("Join {name}"))
        .text(format!("{by} asks you to join {name} on LignaFlow."))
        .button(format!("Join {name}"), format!("/join/{secret}"))
        .small(format!("The link serves once, until {}.", instant_text(expires_at)))
        .small("If you do not know why you were asked, leave it be: nothing happens.");
    Message::new(Some(id), "invitation", to(address.0, address.1), letter).secret()
}

/// To an address that somebody typed who holds a link for anybody: `(organization, its name)`.
pub(crate) fn joining(
    organization: (OrganizationId, &str),
    address: &str,
    secret: &str,
    expires_at: Micros,
) -> Message {
    let (id, name) = organization;
    let letter = Letter::new(format!("Join {name}"))
        .text(format!("Somebody, hopefully you, wants to join {name} on LignaFlow with this address."))
        .button(format!("Join {name}"), format!("/join/{secret}"))
        .small(format!("The link serves once, until {}.", instant_text(expires_at)))
        .small("If it was not you, leave it be: nothing happens.");
    Message::new(Some(id), "invitation", to(address, ""), letter).secret()
}

pub(crate) fn reset(address: &str, name: &str, secret: &str) -> Message {
    let letter = Letter::new("A new password")
        .text("Somebody, hopefully you, asked for a new password of your account on LignaFlow.")
        .button("Choose a new password", format!("/reset/{secret}"))
        .small("The link serves once, for an hour, in the browser that asked for it.")
        .small("If it was not you, leave it be: your password stays as it is.");
    Message::new(None, "password-reset", to(address, name), letter).secret()
}

pub(crate) fn address_asked(address: &str, name: &str, secret: &str) -> Message {
    let letter = Letter::new("Is this your address?")
        .text("Your account on LignaFlow is to have this address from now on.")
        .button("Yes, use this address", format!("/account/address/{secret}"))
        .small("The link serves once, for an hour, where you are signed in.")
        .small("If it was not you, leave it be: nothing changes.");
    Message::new(None, "address-change", to(address, name), letter).secret()
}

/// To the address before.
pub(crate) fn address_changed(address: &str, name: &str, now: &str) -> Message {
    let letter = Letter::new("Your account has another address")
        .text(format!("Your account on LignaFlow has the address {now} from now on, and this one no more."))
        .small("If it was not you, tell an administrator of your organization at once.");
    Message::new(None, "address-changed", to(address, name), letter)
}

/// From where somebody signed in: the address, and what the browser calls itself.
pub(crate) fn new_place(address: &str, name: &str, from: (&str, &str), at: Micros) -> Message {
    let letter = Letter::new("Somebody signed in from a new place")
        .text("Your account on LignaFlow was signed in to from a browser that was not seen before.")
        .facts(&[("When", &instant_text(at)), ("From", from.0), ("Browser", from.1)])
        .button("Look at where you are signed in", "/account")
        .small("If it was you, there is nothing to do. If not, change your password, which ends every other session.");
    Message::new(None, "new-sign-in", to(address, name), letter)
}

pub(crate) fn sign_up(address: &str, secret: &str) -> Message {
    let letter = Letter::new("Make your organization")
        .text("Somebody, hopefully you, asked to make an organization on LignaFlow with this address.")
        .button("Make it", format!("/sign-up/{secret}"))
        .small("The link serves once, for a day.")
        .small("If it was not you, leave it be: nothing is made.");
    Message::new(None, "sign-up", to(address, ""), letter).secret()
}

/// To whoever asked to make an organization, and has an account.
pub(crate) fn known_already(address: &str, name: &str) -> Message {
    let letter = Letter::new("You have an account already")
        .text("Somebody, hopefully you, asked to make an organization on LignaFlow with this address. There is an account with it already: sign in with that.")
        .button("Sign in", "/sign-in")
        .small("If it was not you, leave it be: nothing changes.");
    Message::new(None, "sign-up", to(address, name), letter)
}
