//! docs/benchmarks.md: figures with the machine and the command that made them.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;

pub struct Report {
    /// Title and text, in the order in which they were measured.
    sections: Vec<(String, String)>,
    machine: String,
}

const PLACE: &str = "docs/benchmarks.md";

impl Report {
    pub fn new(binary: &Path, command: &str) -> Self {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let profile = binary.parent().and_then(Path::file_name);
        let profile = profile
            .map(|name| name.to_string_lossy())
            .unwrap_or_default();
        let machine = format!(
            "`{command}`, `{profile}` build, {} ({cores} cores), load average {} before.",
            processor(),
            load_average(),
        );
        Self {
            sections: Vec::new(),
            machine,
        }
    }

    pub fn section(&mut self, title: &str, about: &str) {
        println!("\n{title}");
        let text = format!("{}\n\n{about}\n\n", self.machine);
        self.sections.push((title.to_owned(), text));
    }

    pub fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
        let rule = vec!["---".to_owned(); head.len()];
        for cells in [&head, &rule].into_iter().chain(rows) {
            print!("{}", line(cells));
            self.write_on(&line(cells));
        }
        self.write_on("\n");
    }

    /// A sentence of its own.
    pub fn note(&mut self, sentence: &str) {
        println!("{sentence}");
        self.write_on(&format!("{sentence}\n\n"));
    }

    pub fn verdict(&mut self, sentence: &str, holds: bool) {
        let line = format!(
            "{} {sentence}\n\n",
            if holds { "Held:" } else { "**Missed:**" }
        );
        print!("{line}");
        self.write_on(&line);
    }

    fn write_on(&mut self, text: &str) {
        if let Some((_, section)) = self.sections.last_mut() {
            section.push_str(text);
        }
    }

    /// Into the folder that the command was started in. Sections that were not measured now stay as
    /// they are.
    pub fn write(&self) -> Result<()> {
        std::fs::create_dir_all("docs")?;
        let old = std::fs::read_to_string(PLACE).unwrap_or_default();
        std::fs::write(PLACE, merged(&old, &self.sections))?;
        println!("written to {PLACE}");
        Ok(())
    }
}

/// Sections of `old` in their order, those of `new` in place of theirs, what is new at the end.
fn merged(old: &str, new: &[(String, String)]) -> String {
    let mut parts = old.split("\n## ");
    let head = parts
        .next()
        .map(str::trim_end)
        .filter(|head| !head.is_empty());
    let mut text = head.unwrap_or(HEAD).to_owned();
    text.push('\n');
    let mut left: Vec<&(String, String)> = new.iter().collect();
    for part in parts {
        let (title, body) = part.split_once('\n').unwrap_or((part, ""));
        let body = match left.iter().position(|(name, _)| name == title) {
            Some(at) => &left.remove(at).1,
            None => body,
        };
        let _ = write!(text, "\n## {title}\n\n{}\n", body.trim());
    }
    for (title, body) in left {
        let _ = write!(text, "\n## {title}\n\n{}\n", body.trim());
    }
    text
}

const HEAD: &str = "# Benchmarks\n\nMeasured by `make bench`: generator, server, brokers and Postgres on the \
    same machine, Postgres with fsync and synchronous commit on. Each section tells the command that \
    measures it again.";

pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// Nearest rank.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(at.max(1) - 1).copied().unwrap_or(0.0)
}

pub fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    let name = line
        .and_then(|line| line.split_once(": "))
        .map(|(_, name)| name);
    name.unwrap_or("an unknown processor").to_owned()
}
