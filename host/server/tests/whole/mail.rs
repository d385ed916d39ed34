//! Letters: sent once what they belong to stands, tried again where the server does not take them, and told apart from
//! what is secret.

use lignaflow_core::Id;
use lignaflow_core::mail::{Letter, Message, Recipient};
use lignaflow_server::config::MailSecurity;
use lignaflow_testkit::{Database, Method, Setup, on_both};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

on_both!(
    a_letter_lies_in_the_folder_with_text_html_and_the_organizations_name,
    what_a_server_does_not_take_for_now_is_tried_again_and_what_it_refuses_is_not,
    files_go_along_and_one_that_is_gone_holds_its_letter_back,
    an_invitation_tells_how_its_letter_stands_and_is_sent_again,
);

fn to(address: &str) -> Recipient {
    Recipient { address: address.to_owned(), name: "Ana Weiß".to_owned() }
}

async fn a_letter_lies_in_the_folder_with_text_html_and_the_organizations_name(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran & Beck").await;
    let letter = Letter::new("Willkommen").text("Come & see.").button("Join", "/join/abc");
    let message = Message::new(Some(org.id), "invitation", to("ana@halloran.example"), letter).secret();
    server.app.mail.send(vec![message]).await.unwrap();
    let letter = server.last_letter("ANA@halloran.example").await;
    assert_eq!((letter.kind.as_str(), letter.sender.as_str()), ("invitation", "Halloran & Beck"));
    assert_eq!(letter.path("/join/"), "/join/abc");
    assert!(letter.html.contains("Come &amp; see."), "{}", letter.html);
    let files: Vec<_> = std::fs::read_dir(server.data_dir().join("mail")).unwrap().map(|it| it.unwrap()).collect();
    assert_eq!(files.len(), 1);
    let file = std::fs::read_to_string(files[0].path()).unwrap();
    for line in ["Subject: Willkommen", "multipart/alternative", "Auto-Submitted: auto-generated", "Come & see."] {
        assert!(file.contains(line), "{line}: {file}");
    }
    // "Halloran & Beck" in the words of RFC 2047.
    assert!(file.contains("From: =?utf-8?b?SGFsbG9yYW4gJiBCZWNr?= <no-reply@localhost>"), "{file}");
}

/// A server for mail that answers `RCPT` as it is told to, and keeps what it took.
#[derive(Clone, Default)]
struct Relay {
    /// What it says to each recipient; 0 takes.
    says: Arc<AtomicU16>,
    asked: Arc<AtomicUsize>,
    took: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    async fn serve(&self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let relay = self.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let relay = relay.clone();
                tokio::spawn(async move { relay.talk(socket).await });
            }
        });
        port
    }

    async fn talk(&self, socket: tokio::net::TcpStream) -> std::io::Result<()> {
        let mut socket = BufReader::new(socket);
        socket.write_all(b"220 relay\r\n").await?;
        let mut line = String::new();
        loop {
            line.clear();
            if socket.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let word: String = line.chars().take(4).collect::<String>().to_uppercase();
            let answer = match word.as_str() {
                "EHLO" => "250 relay\r\n".to_owned(),
                "RCPT" => {
                    self.asked.fetch_add(1, Ordering::SeqCst);
                    match self.says.load(Ordering::SeqCst) {
                        0 => "250 taken\r\n".to_owned(),
                        code => format!("{code} not here\r\n"),
                    }
                }
                "DATA" => {
                    socket.write_all(b"354 go on\r\n").await?;
                    let mut whole = String::new();
                    while !whole.ends_with("\r\n.\r\n") {
                        if socket.read_line(&mut whole).await? == 0 {
                            return Ok(());
                        }
                    }
                    self.took.lock().await.push(whole);
                    "250 kept\r\n".to_owned()
                }
                "QUIT" => return socket.write_all(b"221 bye\r\n").await,
                _ => "250 ok\r\n".to_owned(),
            };
            socket.write_all(answer.as_bytes()).await?;
        }
    }
}

static PORT: AtomicU16 = AtomicU16::new(0);

/// A server that hands its mail to the relay at [`PORT`].
async fn through_a_relay(database: &Database, clock: &lignaflow_testkit::HeldClock) -> lignaflow_testkit::Server {
    let setup = Setup {
        clock: Arc::new(clock.clone()),
        config: |config| {
            config.mail.host = "127.0.0.1".into();
            config.mail.port = PORT.load(Ordering::SeqCst);
            config.mail.security = MailSecurity::None;
            config.mail.from = "office@halloran.example".into();
        },
        plugins: Vec::new(),
        ..Setup::default()
    };
    database.serve_with(setup).await
}

async fn an_invitation_tells_how_its_letter_stands_and_is_sent_again(database: Database) {
    let relay = Relay::default();
    PORT.store(relay.serve().await, Ordering::SeqCst);
    let clock = lignaflow_testkit::HeldClock::at(1_764_000_000_000_000);
    let server = through_a_relay(&database, &clock).await;
    let org = server.organization("Halloran").await;
    let letter = async || {
        let _ = server.mailbox().await;
        org.get("invitations").await.is(200).data()[0]["letter"].clone()
    };
    relay.says.store(550, Ordering::SeqCst);
    let made = org.post("invitations", json!({ "email": "sam@example.com" })).await.is(201);
    let first = made.json["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let failed = letter().await;
    assert_eq!((&failed["state"], &failed["attempts"]), (&json!("failed"), &json!(1)), "{failed}");
    assert!(failed["error"].as_str().unwrap().contains("not here"), "{failed}");
    let owner = server.signed_in(&org).await;
    owner.get("/admin/people").await.is(200).shows("Not sent").shows("not here").shows("Send again");

    // What was never sent is sent as it was: its link still serves.
    relay.says.store(451, Ordering::SeqCst);
    let send = format!("invitations/{}/send", made.id());
    let again = org.act(&send).await.is(200);
    assert_eq!(again.json["letter"]["id"], failed["id"]);
    assert_eq!(letter().await["state"], "waiting");
    let _ = org.act(&send).await.is_problem(409, "conflict");
    relay.says.store(0, Ordering::SeqCst);
    clock.advance_seconds(60);
    let sent = letter().await;
    assert_eq!((&sent["state"], &sent["error"]), (&json!("sent"), &serde_json::Value::Null), "{sent}");
    let _ = server.visitor().get(&format!("/join/{first}")).await.is(200);

    // What was sent is known to its reader alone: another letter has another link, and the one before serves no more.
    owner.get("/admin/people").await.is(200).shows("tag-done");
    assert_eq!(owner.post(&format!("/admin/people/{send}"), &[]).await.status, 303);
    assert_ne!(letter().await["id"], sent["id"]);
    let _ = server.visitor().get(&format!("/join/{first}")).await.is(404);
    let took = relay.took.lock().await.clone();
    let words = took.last().unwrap().replace("=\r\n", "");
    let second: String = words
        .split("/join/")
        .nth(1)
        .unwrap()
        .chars()
        .take_while(|it| it.is_ascii_alphanumeric() || "-_".contains(*it))
        .collect();
    let _ = server.visitor().get(&format!("/join/{second}")).await.is(200);
    let lines = org.get("audit?kind=invitation.sent-again").await.is(200);
    let told: Vec<_> = lines.data().iter().map(|line| line["detail"]["another_link"].clone()).collect();
    assert_eq!(told, [json!(true), json!(false)]);

    let open = org.post("invitations", json!({})).await.is(201);
    assert_eq!(open.json["letter"], serde_json::Value::Null);
    let _ = org.act(&format!("invitations/{}/send", open.id())).await.is_problem(409, "conflict");
    let _ = org.delete(&format!("invitations/{}", made.id()), "*").await.is(204);
    let _ = org.act(&send).await.is_problem(409, "conflict");
    let elm = server.organization("Elm").await;
    let _ = elm.act(&send).await.is_problem(404, "not-found");
}

async fn what_a_server_does_not_take_for_now_is_tried_again_and_what_it_refuses_is_not(database: Database) {
    let relay = Relay::default();
    PORT.store(relay.serve().await, Ordering::SeqCst);
    let clock = lignaflow_testkit::HeldClock::at(1_764_000_000_000_000);
    let server = through_a_relay(&database, &clock).await;
    let org = server.organization("Halloran").await;
    let secret = |subject: &str| {
        let letter = Letter::new(subject).button("Reset", "/reset/one-time-word");
        Message::new(Some(org.id), "reset", to("ana@halloran.example"), letter).secret()
    };

    relay.says.store(451, Ordering::SeqCst);
    server.app.mail.send(vec![secret("First")]).await.unwrap();
    assert!(server.mailbox().await.is_empty());
    let kept = lignaflow_store::mail::all(server.app.store.database(), 10).await.unwrap();
    let error = kept[0].error.clone().unwrap();
    assert!(error.contains("not here") && kept[0].attempts == 1, "{error}");
    assert!(kept[0].tried_from.as_deref().unwrap().contains("through 127.0.0.1:"));

    relay.says.store(0, Ordering::SeqCst);
    clock.advance_seconds(60);
    assert_eq!(server.mailbox().await.len(), 1);
    let took = relay.took.lock().await.clone();
    assert!(took.len() == 1 && took[0].contains("/reset/one-time-word"), "{took:?}");
    // What was sent and only its reader may know is not kept.
    let kept = lignaflow_store::mail::all(server.app.store.database(), 10).await.unwrap();
    assert!(kept[0].forgotten);

    relay.says.store(550, Ordering::SeqCst);
    server.app.mail.send(vec![secret("Second")]).await.unwrap();
    server.mailbox().await;
    let asked = relay.asked.load(Ordering::SeqCst);
    clock.advance_seconds(86_400);
    server.mailbox().await;
    assert_eq!(relay.asked.load(Ordering::SeqCst), asked);
    let kept = lignaflow_store::mail::all(server.app.store.database(), 10).await.unwrap();
    assert_eq!(kept[1].state, lignaflow_store::mail::State::Failed);
}

async fn files_go_along_and_one_that_is_gone_holds_its_letter_back(database: Database) {
    let server = database.serve().await;
    let org = server.organization("Halloran").await;
    let upload =
        org.request(Method::POST, "media?name=terms.txt").header("content-type", "text/plain").body("Thirty days.");
    let file: Id = org.send(upload).await.is(201).id().parse().unwrap();
    let letter = |subject: &str, file: Id| {
        let message = Message::new(Some(org.id), "offer", to("ana@client.example"), Letter::new(subject).text("See."));
        Message { attachments: vec![file], ..message }
    };
    server.app.mail.send(vec![letter("With it", file), letter("Without", Id::fresh())]).await.unwrap();
    assert_eq!(server.mailbox().await.len(), 1);
    let kept = lignaflow_store::mail::all(server.app.store.database(), 10).await.unwrap();
    let sent = std::fs::read_to_string(server.data_dir().join("mail").join(format!("{}.eml", kept[0].id))).unwrap();
    assert!(sent.contains("filename=\"terms.txt\"") && sent.contains("Thirty days."), "{sent}");
    assert_eq!(kept[1].state, lignaflow_store::mail::State::Failed);
    assert!(kept[1].error.as_deref().unwrap().contains("not there any more"));
    // Those who look after the organization have a notice of it.
    let told = org.get("notices").await.is(200);
    assert_eq!(told.column("title"), ["A letter could not be sent"]);
}
