//! Compiles programs of headers, runs them, and says what became of each header.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::emit;
use crate::model::Header;

/// Seconds of processor time, which a busy machine does not eat up; of a program that waits, it is ten times as
/// many by the clock.
const COMPILE: u64 = 120;
/// A program's 25 headers run in some milliseconds.
const RUN: u64 = 10;

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Outcome {
    Right,
    Refused(String),
    Wrong(String),
    Crash(String),
    Hang(String),
    Ice(String),
    /// The program is not Rust, which is the generator's mistake.
    Invalid(String),
}

impl Outcome {
    pub fn is_failure(&self) -> bool {
        !matches!(self, Outcome::Right | Outcome::Refused(_))
    }

    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Right => "right",
            Outcome::Refused(_) => "refused",
            Outcome::Wrong(_) => "wrong",
            Outcome::Crash(_) => "crash",
            Outcome::Hang(_) => "hang",
            Outcome::Ice(_) => "ICE",
            Outcome::Invalid(_) => "invalid",
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Outcome::Right => "",
            Outcome::Refused(text) | Outcome::Wrong(text) | Outcome::Crash(text) => text,
            Outcome::Hang(text) | Outcome::Ice(text) | Outcome::Invalid(text) => text,
        }
    }

    /// What it has in common with others: its first line, without names and numbers.
    pub fn class(&self) -> String {
        if let Outcome::Wrong(_) = self {
            return self.name().into();
        }
        let mut class = String::new();
        let mut quoted = false;
        let first = self.text().lines().next().unwrap_or("");
        // Before this stands which function it is, and behind it of which types.
        let (prefix, rest) = match first.split_once("Enzyme: ") {
            Some((_, rest)) => ("Enzyme: ", rest.split(['{', '%', '@', '(']).next().unwrap_or("")),
            None => ("", first),
        };
        class.push_str(prefix);
        for c in rest.chars() {
            match c {
                '`' if !quoted => class.push_str("`_`"),
                '0'..='9' if !quoted && class.ends_with('#') => {}
                '0'..='9' if !quoted => class.push('#'),
                '`' => {}
                _ if !quoted => class.push(c),
                _ => {}
            }
            quoted ^= c == '`';
        }
        class.chars().take(110).collect::<String>()
    }
}

/// What a header measured: numbers, and how far each may be off.
type Numbers = Vec<(f64, f64)>;

pub struct Results {
    pub outcomes: BTreeMap<usize, Outcome>,
    pub numbers: BTreeMap<usize, Numbers>,
}

pub struct Runner {
    pub rustc: PathBuf,
    pub directory: PathBuf,
    /// Of files, so that several can be at work.
    pub name: String,
}

struct Finished {
    /// `None` if it took too long.
    status: Option<std::process::ExitStatus>,
    stdout: String,
    stderr: String,
}

const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;

fn command(seconds: u64, program: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -t $0; exec \"$@\"", &seconds.to_string()]).arg(program);
    command
}

fn finish(command: &mut Command, seconds: u64) -> Finished {
    // A group of its own, which is ended as a whole: rustc has children.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child =
        command.spawn().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read = |mut from: Box<dyn Read + Send>| {
        thread::spawn(move || {
            let mut bytes = vec![];
            let _ = from.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let (out, err) = (read(Box::new(out)), read(Box::new(err)));
    let start = Instant::now();
    let status = loop {
        match child.try_wait().expect("a child can be waited for") {
            Some(status) => break Some(status),
            None if start.elapsed() > Duration::from_secs(10 * seconds) => {
                let group = format!("-{}", child.id());
                let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
                let _ = child.wait();
                break None;
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    // How the limit on processor time ends a process.
    let status = status.filter(|status| !matches!(status.signal(), Some(SIGKILL | SIGXCPU)));
    Finished { status, stdout: out.join().unwrap(), stderr: err.join().unwrap() }
}

impl Runner {
    fn path(&self, suffix: &str) -> PathBuf {
        self.directory.join(format!("{}{suffix}", self.name))
    }

    /// The library that all programs check with.
    pub fn library(&self) -> Result<(), String> {
        let source = self.directory.join("fuzz_check.rs");
        write(
            &source,
            &format!("#![feature(portable_simd, f16, f128)]\n{}", emit::CHECK.replace("//!", "//")),
        );
        let mut command = command(COMPILE, &self.rustc);
        command.args(["--edition", "2024", "-O", "--crate-type", "rlib", "--out-dir"]);
        let done = finish(command.arg(&self.directory).arg(&source), COMPILE);
        if done.status.is_some_and(|status| status.success()) { Ok(()) } else { Err(done.stderr) }
    }

    fn compile(&self, source: &Path, level: u8) -> Finished {
        let mut command = command(COMPILE, &self.rustc);
        command.args([
            "--edition",
            "2024",
            "-Zautodiff=Enable",
            "-Cdebuginfo=0",
            "-Ccodegen-units=4",
        ]);
        command
            .arg(format!("-Copt-level={level}"))
            .arg("-o")
            .arg(self.path(""))
            .arg("-L")
            .arg(&self.directory);
        // rustc writes what it has to say of an ICE into a file there.
        command.env("RUSTC_ICE", "0").current_dir(&self.directory).arg(source);
        finish(&mut command, COMPILE)
    }

    /// Each header's outcome at one level.
    pub fn run(&self, headers: &[&Header], level: u8) -> Results {
        let mut results = Results { outcomes: BTreeMap::new(), numbers: BTreeMap::new() };
        self.batch(headers, level, &mut results);
        results
    }

    fn batch(&self, headers: &[&Header], level: u8, results: &mut Results) {
        if headers.is_empty() {
            return;
        }
        let source = self.path(".rs");
        let text = emit::program(headers, false);
        write(&source, &text);
        let done = self.compile(&source, level);
        if done.status.is_some_and(|status| status.success()) {
            return self.execute(headers, results);
        }
        if let [header] = headers {
            results.outcomes.insert(header.id, refused(&done));
            return;
        }
        // Those that an error points at are tried alone, then the others together.
        let named = named(&text, &done.stderr);
        let (mut alone, mut others): (Vec<_>, Vec<_>) =
            headers.iter().copied().partition(|header| named.contains(&header.id));
        if alone.is_empty() {
            alone = others.split_off(others.len() / 2);
            self.batch(&alone, level, results);
        } else {
            alone.iter().for_each(|header| self.batch(&[header], level, results));
        }
        self.batch(&others, level, results);
    }

    fn execute(&self, headers: &[&Header], results: &mut Results) {
        let mut from = 0;
        while headers.iter().any(|header| header.id >= from) {
            let done = finish(command(RUN, &self.path("")).arg(from.to_string()), RUN);
            let (mut current, mut wrong) = (None, vec![]);
            let mut numbers = vec![];
            for line in done.stdout.lines() {
                let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
                match word {
                    "BEGIN" => {
                        current = rest.parse().ok();
                        (wrong, numbers) = (vec![], vec![]);
                    }
                    "WRONG" => wrong.push(rest),
                    "NUMBER" => {
                        let mut both = rest.split(' ').map(|x| x.parse().unwrap_or(f64::NAN));
                        numbers.push((both.next().unwrap_or(f64::NAN), both.next().unwrap_or(0.0)));
                    }
                    "END" => {
                        let Some(id) = current.take() else { continue };
                        let outcome = match &wrong[..] {
                            [] => Outcome::Right,
                            some => Outcome::Wrong(some[..some.len().min(6)].join("\n")),
                        };
                        results.outcomes.insert(id, outcome);
                        results.numbers.insert(id, std::mem::take(&mut numbers));
                    }
                    _ => {}
                }
            }
            let Some(id) = current else {
                // Whoever says nothing of a header has not tested it.
                for header in headers {
                    let missing = || Outcome::Crash(format!("no word of it: {:?}", done.status));
                    results.outcomes.entry(header.id).or_insert_with(missing);
                }
                break;
            };
            let said = done.stderr.lines().take(4).collect::<Vec<_>>().join("\n");
            let outcome = match done.status {
                None => Outcome::Hang("the program does not end".into()),
                Some(status) => match status.signal() {
                    Some(signal) => Outcome::Crash(format!("signal {signal}: {said}")),
                    None => Outcome::Crash(format!("exit status {:?}: {said}", status.code())),
                },
            };
            results.outcomes.insert(id, outcome);
            from = id + 1;
        }
    }
}

fn refused(done: &Finished) -> Outcome {
    let Some(status) = done.status else {
        return Outcome::Hang("rustc does not end".into());
    };
    let error = |line: &&str| line.starts_with("error");
    let first = done.stderr.lines().find(error).unwrap_or("").to_string();
    let panicked = done.stderr.lines().find(|line| line.contains("panicked at"));
    if panicked.is_some()
        || done.stderr.contains("internal compiler error")
        // Enzyme's process, on an assertion.
        || first.contains("` crashed (")
        || status.code() != Some(1)
    {
        let lines = done.stderr.lines();
        let said: Vec<_> = lines.skip_while(|line| !line.contains("panicked at")).take(3).collect();
        let text = if said.is_empty() { format!("{status}: {first}") } else { said.join(" ") };
        return Outcome::Ice(text);
    }
    if first.starts_with("error[E") { Outcome::Invalid(first) } else { Outcome::Refused(first) }
}

/// The headers in whose text an error stands.
fn named(text: &str, stderr: &str) -> Vec<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let mut ids = vec![];
    for line in stderr.lines().filter_map(|line| line.trim_start().strip_prefix("--> ")) {
        let Some(number) = line.split(':').nth(1).and_then(|n| n.parse::<usize>().ok()) else {
            continue;
        };
        let module = lines[..number.min(lines.len())]
            .iter()
            .rev()
            .find_map(|line| line.strip_prefix("mod h"));
        ids.extend(module.and_then(|name| name.trim_end_matches(" {").parse::<usize>().ok()));
    }
    ids
}

pub fn write(path: &Path, text: &str) {
    fs::write(path, text)
        .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}
