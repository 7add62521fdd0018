//! docs/benchmarks.md: figures with the machine and the command that made them.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;

pub struct Report {
    text: String,
}

impl Report {
    pub fn new(binary: &Path) -> Self {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let profile = binary.parent().and_then(Path::file_name);
        let profile = profile
            .map(|name| name.to_string_lossy())
            .unwrap_or_default();
        let mut text = String::from("# Benchmarks\n\n");
        let _ = writeln!(
            text,
            "Measured by `make bench` with the `{profile}` build on {} ({cores} cores, load average {} at \
             the start), generator, server and Postgres on the same machine. Postgres with fsync and \
             synchronous commit on.\n",
            processor(),
            load_average(),
        );
        Self { text }
    }

    pub fn section(&mut self, title: &str, about: &str) {
        println!("\n{title}");
        let _ = write!(self.text, "## {title}\n\n{about}\n\n");
    }

    pub fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
        let rule = vec!["---".to_owned(); head.len()];
        for cells in [&head, &rule].into_iter().chain(rows) {
            print!("{}", line(cells));
            self.text.push_str(&line(cells));
        }
        self.text.push('\n');
    }

    pub fn verdict(&mut self, sentence: &str, holds: bool) {
        let line = format!(
            "{} {sentence}\n\n",
            if holds { "Held:" } else { "**Missed:**" }
        );
        print!("{line}");
        self.text.push_str(&line);
    }

    /// Into the folder that the command was started in.
    pub fn write(&self) -> Result<()> {
        std::fs::create_dir_all("docs")?;
        std::fs::write("docs/benchmarks.md", &self.text)?;
        println!("written to docs/benchmarks.md");
        Ok(())
    }
}

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
