//! Files of projects. The database has their names alone; they lie in the folder that the old system kept uploads in.

use super::Desk;
use super::tables::{DOCUMENTS, Document};
use crate::report::Weight;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The most files of one project.
const MOST: usize = 50;

/// A file that comes along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paper {
    /// Its project's id.
    pub(crate) project: String,
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

pub(crate) fn plan(desk: &mut Desk<'_>) -> Vec<Paper> {
    let (old, firm) = (desk.old, desk.firm);
    let is_own = |it: &&Document| it.project.is_some_and(|id| desk.belongs.projects.get(&id) == Some(&firm));
    let own: Vec<&Document> = old.documents.iter().filter(is_own).collect();
    let Some(folder) = desk.options.media.as_deref() else {
        if !own.is_empty() {
            let what =
                format!("{} files of projects are not in the database: say where they are with --media", own.len());
            desk.report.find(Weight::Left, DOCUMENTS, "", "file", what);
        }
        return Vec::new();
    };
    let mut papers: Vec<Paper> = Vec::new();
    for document in &own {
        let project = document.project.and_then(|id| old.project(id));
        let Some(project) = project.map(|it| desk.ids.of("projects", &it.id.to_string(), it.at)) else { continue };
        let found = if papers.iter().filter(|paper| paper.project == project).count() == MOST {
            Err(format!("its project has {MOST} files already, which is the most"))
        } else {
            found(folder, &document.file)
        };
        match found {
            Ok(path) => papers.push(Paper { project, name: called(document), path }),
            Err(why) => desk.report.find(Weight::Left, DOCUMENTS, document.id, "file", why),
        }
    }
    desk.report.count("files of projects", own.len(), papers.len());
    papers
}

/// The file of a path below a folder, which a path of the old database does not leave.
fn found(folder: &Path, file: &str) -> Result<PathBuf, String> {
    let path = Path::new(file);
    if file.is_empty() || !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(format!("`{file}` is no path in the folder of files"));
    }
    let path = folder.join(path);
    match fs::metadata(&path) {
        Ok(about) if about.is_file() && about.len() > 0 => Ok(path),
        Ok(about) if about.is_file() => Err(format!("`{file}` is empty")),
        Ok(_) => Err(format!("`{file}` is no file")),
        Err(fault) => Err(format!("`{file}` cannot be read: {fault}")),
    }
}

/// What people called it, with the ending of the file where that says more.
fn called(document: &Document) -> String {
    let base = document.file.rsplit('/').next().unwrap_or_default();
    let ending = Path::new(base).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let name = document.name.as_str();
    if name.is_empty() {
        return base.to_owned();
    }
    if ending.is_empty() || name.to_lowercase().ends_with(&format!(".{}", ending.to_lowercase())) {
        return name.to_owned();
    }
    // So that the ending has room beside it.
    format!("{}.{ending}", name.chars().take(180).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, file: &str) -> String {
        called(&Document { id: 1, name: name.to_owned(), file: file.to_owned(), project: None })
    }

    #[test]
    fn a_file_is_called_as_people_called_it() {
        assert_eq!(named("Ground floor", "documents/plan_x7.pdf"), "Ground floor.pdf");
        assert_eq!(named("plan.PDF", "documents/plan_x7.pdf"), "plan.PDF");
        assert_eq!(named("", "documents/plan_x7.pdf"), "plan_x7.pdf");
        assert_eq!(named("Notes", "documents/notes"), "Notes");
    }

    #[test]
    fn no_path_leaves_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(found(folder, "src/lib.rs"), Ok(folder.join("src/lib.rs")));
        for path in ["../Cargo.toml", "/etc/hostname", "src/../../Cargo.toml", "", "src", "src/none.rs"] {
            assert!(found(folder, path).is_err(), "{path}");
        }
    }
}
