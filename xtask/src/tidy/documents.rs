//! Commands that README.md and docs/ print in their shell blocks exist: those of xtask, and those of the server.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Fault;
use super::shell;
use super::tree::Tree;
use crate::COMMANDS;
use crate::host::{Profile, program};
use crate::workspace::{Workspace, output};

const SHELLS: &[&str] = &["sh", "bash", "shell", "console"];
/// Where the server's command line is declared.
const SOURCES: &str = "host/server/src";

pub(super) fn check(workspace: &Workspace, tree: &Tree) -> Vec<Fault> {
    let server = Server::of(workspace, tree);
    let mut faults = Vec::new();
    for (path, text) in tree.texts() {
        let read =
            path == Path::new("README.md") || path.starts_with("docs") && path.extension() == Some(OsStr::new("md"));
        if !read {
            continue;
        }
        for (line, script) in blocks(text) {
            faults.extend(check_script(&script, &server).into_iter().map(|what| Fault::new(path, line, what)));
        }
    }
    faults
}

/// The shell blocks of a document, each command line with its number and what continues it.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    // Whether the open block is one for a shell.
    let mut open: Option<bool> = None;
    let mut continues = false;
    for (index, line) in text.lines().enumerate() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            open = match open {
                Some(_) => None,
                None => Some(language.split_whitespace().next().is_some_and(|word| SHELLS.contains(&word))),
            };
            continues = false;
        } else if open == Some(true) {
            let line = line.trim_start();
            let line = line.strip_prefix("$ ").unwrap_or(line);
            match lines.last_mut() {
                Some((_, script)) if continues => {
                    *script += "\n";
                    *script += line;
                }
                _ => lines.push((index + 1, line.to_owned())),
            }
            continues = line.ends_with('\\');
        }
    }
    lines
}

fn check_script(script: &str, server: &Server) -> Vec<String> {
    let mut faults = Vec::new();
    for words in shell::commands(script) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match inner(&words) {
            ["cargo", "xtask", command, ..] => {
                let exists = command.starts_with('-') || COMMANDS.iter().any(|(name, ..)| name == command);
                faults.extend((!exists).then(|| format!("`cargo xtask {command}` does not exist")));
            }
            [program, arguments @ ..] if Path::new(program).file_name() == Some(OsStr::new("lignaflow")) => {
                faults.extend(server.fault(arguments));
            }
            _ => {}
        }
    }
    faults
}

/// The command itself, without what runs it: settings, `sudo`, `docker compose exec SERVICE`.
fn inner<'a>(mut words: &'a [&'a str]) -> &'a [&'a str] {
    loop {
        words = match words {
            [first, rest @ ..] if ["sudo", "exec", "env", "time", "nohup"].contains(first) => rest,
            [first, rest @ ..] if !first.starts_with('-') && first.split('/').count() == 1 && first.contains('=') => {
                rest
            }
            ["docker", "compose", rest @ ..] => {
                let Some(at) = rest.iter().position(|word| ["exec", "run"].contains(word)) else {
                    return &[];
                };
                let after = &rest[at + 1..];
                let service = after.iter().position(|word| !word.starts_with('-')).unwrap_or(after.len());
                after.get(service + 1..).unwrap_or_default()
            }
            _ => return words,
        };
    }
}

/// What is known of the server's command line.
enum Server {
    /// The program itself, which knows best: built after its sources were written.
    Built(PathBuf),
    /// The names of the commands in its sources.
    Written(BTreeSet<String>),
}

impl Server {
    fn of(workspace: &Workspace, tree: &Tree) -> Self {
        let program = program(workspace, Profile::Dev, "lignaflow");
        let sources = || tree.texts().filter(|(path, _)| path.starts_with(SOURCES));
        let written = |file: &Path| fs::metadata(file).and_then(|data| data.modified()).ok();
        let newest = sources().filter_map(|(path, _)| written(&workspace.root.join(path))).max();
        if written(&program).is_some_and(|built| newest.is_none_or(|source| source <= built)) {
            return Self::Built(program);
        }
        Self::Written(sources().flat_map(|(_, text)| subcommands(text)).collect())
    }

    fn fault(&self, arguments: &[&str]) -> Option<String> {
        match self {
            Self::Built(program) => ask(arguments, |path| output(Command::new(program).args(path).arg("--help"))),
            Self::Written(names) => {
                let command = arguments.first().filter(|word| !word.starts_with('-'))?;
                (!names.contains(*command)).then(|| format!("`lignaflow {command}` does not exist"))
            }
        }
    }
}

/// Follows a command through the program's own help, and its options with it.
fn ask(arguments: &[&str], help: impl Fn(&[&str]) -> Option<String>) -> Option<String> {
    let mut said = help(&[])?;
    let mut depth = 0;
    loop {
        let names = listed(&said);
        match arguments.get(depth) {
            Some(word) if names.contains(word) => depth += 1,
            Some(word) if !names.is_empty() && !word.starts_with('-') => {
                return Some(format!("`lignaflow {}` does not exist", arguments[..=depth].join(" ")));
            }
            _ => break,
        }
        said = help(&arguments[..depth])?;
    }
    // Where an option of the whole program stands first, what follows the command's name is left to its reader.
    let names = listed(&said);
    let own = arguments[depth..].iter().take_while(|word| **word != "--" && !names.contains(word));
    for option in own.filter(|word| word.starts_with("--")) {
        let name = option.split('=').next().unwrap_or(option);
        if !said
            .split(|it: char| !(it.is_alphanumeric() || it == '-' || it == '.' || it == '_'))
            .any(|word| word == name)
        {
            return Some(format!("`lignaflow {}` has no option {name}", arguments[..depth].join(" ")));
        }
    }
    None
}

/// The commands that a help lists.
fn listed(help: &str) -> Vec<&str> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.trim().is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect()
}

/// The commands that the enums deriving `Subcommand` declare.
fn subcommands(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut derived, mut inside, mut depth) = (false, false, 0_usize);
    for line in source.lines() {
        let line = line.trim();
        if line.starts_with("#[derive(") && line.contains("Subcommand") {
            derived = true;
        }
        if derived && line.contains("enum ") {
            (derived, inside, depth) = (false, true, 0);
        }
        if !inside {
            continue;
        }
        let variant: String = line.chars().take_while(char::is_ascii_alphanumeric).collect();
        if depth == 1 && variant.starts_with(|first: char| first.is_ascii_uppercase()) {
            names.push(kebab(&variant));
        }
        for character in line.chars() {
            match character {
                '{' | '(' => depth += 1,
                '}' | ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        inside = depth > 0;
    }
    names
}

/// `SetupUrl` is typed `setup-url`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(character.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Server {
        Server::Written(["serve", "token", "setup-url"].map(str::to_owned).into())
    }

    #[test]
    fn commands_that_do_not_exist_are_named() {
        let faults = |script: &str| check_script(script, &written());
        assert_eq!(faults("cargo xtask run -- --server.https 127.0.0.1:9443"), [""; 0]);
        assert_eq!(faults("cargo xtask serve"), ["`cargo xtask serve` does not exist"]);
        assert_eq!(faults("A=1 target/release/lignaflow setup-url"), [""; 0]);
        assert_eq!(faults("docker compose exec -T lignaflow lignaflow tokens"), ["`lignaflow tokens` does not exist"]);
        assert_eq!(faults("docker compose up --scale lignaflow=3 lignaflow"), [""; 0]);
        assert_eq!(faults("cd lignaflow && git clone https://example.com/lignaflow"), [""; 0]);
    }

    #[test]
    fn only_shell_blocks_are_read_and_lines_that_go_on_are_joined() {
        let text = "```toml\nid = 1\n```\nText\n```sh\n$ lignaflow serve \\\n    --help\nls\n```\nlignaflow nothing\n";
        assert_eq!(blocks(text), [(6, "lignaflow serve \\\n--help".to_owned()), (8, "ls".to_owned())]);
    }

    #[test]
    fn a_built_program_is_followed_through_its_help() {
        let help = |path: &[&str]| {
            Some(match path {
                [] => "Usage\n\nCommands:\n  serve  Serves\n  token  Tokens\n\nOptions:\n  -h, --help\n".to_owned(),
                ["token"] => "Commands:\n  create  Makes one\n\nOptions:\n      --data_dir <X>\n".to_owned(),
                _ => "Usage: [OPTIONS]\n\nOptions:\n      --email <EMAIL>  whose\n".to_owned(),
            })
        };
        assert_eq!(ask(&["token", "create", "--email=a@b"], help), None);
        assert_eq!(ask(&["token", "make"], help), Some("`lignaflow token make` does not exist".to_owned()));
        assert_eq!(
            ask(&["token", "create", "--mail", "a"], help),
            Some("`lignaflow token create` has no option --mail".to_owned())
        );
    }

    #[test]
    fn commands_are_read_from_the_enums_that_declare_them() {
        let source = "#[derive(Debug, Subcommand)]\nenum Command {\n    /// Serves\n    Serve(Serve),\n    SetupUrl,\n    Token {\n        #[arg(long)]\n        Email: String,\n    },\n}\nenum Other {\n    Nothing,\n}\n";
        assert_eq!(subcommands(source), ["serve", "setup-url", "token"]);
    }
}
