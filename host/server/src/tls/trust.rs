//! Making this machine believe the local authority, by the system's own means.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error("there is no authority at {path} yet: start the server once, it makes one")]
    None { path: PathBuf },
    #[error("the authority cannot be copied to {to}: {source}; this needs the rights of an administrator (sudo)")]
    Copy { to: PathBuf, source: io::Error },
    #[error("{command} cannot be run")]
    Start { command: String, source: io::Error },
    #[error("{command} failed ({status}); this needs the rights of an administrator (sudo)")]
    Failed { command: String, status: String },
}

/// What has been done, or what somebody has to do by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    Done(Vec<String>),
    ByHand(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Copy { to: PathBuf },
    Run { program: &'static str, arguments: Vec<String> },
}

/// Installs the authority's certificate into this system's store.
pub fn trust(authority: &Path) -> Result<Trust, TrustError> {
    let authority = fs::canonicalize(authority).map_err(|_| TrustError::None { path: authority.into() })?;
    let Some(steps) = plan(std::env::consts::OS, &authority, Path::exists) else {
        return Ok(Trust::ByHand(by_hand(&authority)));
    };
    steps.into_iter().map(|step| run(step, &authority)).collect::<Result<_, _>>().map(Trust::Done)
}

/// The steps for an operating system, or none where its ways are not known.
fn plan(system: &str, authority: &Path, exists: impl Fn(&Path) -> bool) -> Option<Vec<Step>> {
    // Folder and program of the families of Linux that have both.
    const LINUX: [(&str, &str, &[&str]); 3] = [
        ("/usr/local/share/ca-certificates", "update-ca-certificates", &[]),
        ("/etc/pki/ca-trust/source/anchors", "update-ca-trust", &["extract"]),
        ("/etc/ca-certificates/trust-source/anchors", "trust", &["extract-compat"]),
    ];
    match system {
        "linux" => LINUX.iter().find(|(folder, ..)| exists(Path::new(folder))).map(|(folder, program, arguments)| {
            let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
            vec![Step::Copy { to: Path::new(folder).join("lignaflow.crt") }, Step::Run { program, arguments }]
        }),
        "macos" => {
            let keychain = "/Library/Keychains/System.keychain";
            let arguments = ["add-trusted-cert", "-d", "-r", "trustRoot", "-k", keychain];
            let mut arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
            arguments.push(authority.display().to_string());
            Some(vec![Step::Run { program: "security", arguments }])
        }
        "windows" => Some(vec![Step::Run {
            program: "certutil",
            arguments: vec!["-addstore".into(), "-f".into(), "ROOT".into(), authority.display().to_string()],
        }]),
        _ => None,
    }
}

fn by_hand(authority: &Path) -> String {
    format!(
        "How this system stores authorities is not known. Import {} as an authority for web sites by hand, or give it to \
         each client: curl --cacert {}",
        authority.display(),
        authority.display()
    )
}

fn run(step: Step, authority: &Path) -> Result<String, TrustError> {
    match step {
        Step::Copy { to } => match fs::copy(authority, &to) {
            Ok(_) => Ok(format!("copied {} to {}", authority.display(), to.display())),
            Err(source) => Err(TrustError::Copy { to, source }),
        },
        Step::Run { program, arguments } => {
            let command = format!("{program} {}", arguments.join(" ")).trim_end().to_owned();
            match Command::new(program).args(&arguments).output() {
                Ok(output) if output.status.success() => Ok(format!("ran {command}")),
                Ok(output) => Err(TrustError::Failed { command, status: output.status.to_string() }),
                Err(source) => Err(TrustError::Start { command, source }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_of_linux_has_its_folder_and_program() {
        let authority = Path::new("/srv/certs/ca.pem");
        let steps = |folder: &'static str| plan("linux", authority, move |path| path == Path::new(folder)).unwrap();
        assert_eq!(
            steps("/usr/local/share/ca-certificates"),
            [
                Step::Copy { to: "/usr/local/share/ca-certificates/lignaflow.crt".into() },
                Step::Run { program: "update-ca-certificates", arguments: Vec::new() }
            ]
        );
        assert_eq!(
            steps("/etc/pki/ca-trust/source/anchors")[1],
            Step::Run { program: "update-ca-trust", arguments: vec!["extract".into()] }
        );
    }

    #[test]
    fn what_is_not_known_is_left_to_people() {
        let authority = Path::new("/srv/certs/ca.pem");
        assert_eq!(plan("linux", authority, |_| false), None);
        assert_eq!(plan("plan9", authority, |_| true), None);
        assert!(by_hand(authority).contains("--cacert /srv/certs/ca.pem"));
    }

    #[test]
    fn macos_takes_the_file_where_it_is() {
        let steps = plan("macos", Path::new("/srv/ca.pem"), |_| false).unwrap();
        let [Step::Run { program: "security", arguments }] = steps.as_slice() else { panic!("{steps:?}") };
        assert_eq!(arguments.last().unwrap(), "/srv/ca.pem");
    }

    #[test]
    fn without_an_authority_it_is_said_how_to_get_one() {
        let error = trust(Path::new("/nowhere/ca.pem")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/ca.pem"), "{error}");
    }
}
