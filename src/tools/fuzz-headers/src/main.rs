//! Differentiates functions with random headers and compares with closed forms, for `./x.py fuzz-headers`.

mod draw;
mod emit;
mod model;
mod moved;
mod primal;
mod rng;
mod run;
mod shrink;
mod types;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use crate::model::Header;
use crate::run::{Outcome, Runner};

/// Headers of one program.
const BATCH: usize = 25;
const LEVELS: [u8; 2] = [0, 3];
/// How many failures of one class are made smaller.
const SHRUNK: usize = 2;

struct Options {
    rustc: PathBuf,
    directory: PathBuf,
    seed: u64,
    count: usize,
    jobs: usize,
}

fn options() -> Option<Options> {
    let mut args = std::env::args().skip(1);
    let (rustc, directory) = (args.next()?.into(), args.next()?.into());
    let (seed, count) = (args.next()?.parse().ok()?, args.next()?.parse().ok()?);
    let jobs = args.next()?.parse().ok()?;
    (count > 0 && jobs > 0 && args.next().is_none()).then_some(Options {
        rustc,
        directory,
        seed,
        count,
        jobs,
    })
}

/// What became of a header, the worst of both levels.
struct Found {
    level: u8,
    outcome: Outcome,
}

fn examine(runner: &Runner, headers: &[Header]) -> BTreeMap<usize, Found> {
    let headers: Vec<_> = headers.iter().collect();
    let mut found = BTreeMap::new();
    let [debug, release] = LEVELS.map(|level| runner.run(&headers, level));
    for (id, outcome) in debug.outcomes {
        let other = release.outcomes[&id].clone();
        let (mut level, mut worst) = (LEVELS[0], outcome);
        if other > worst {
            (level, worst) = (LEVELS[1], other);
        }
        if let (Some(one), Some(other)) = (debug.numbers.get(&id), release.numbers.get(&id)) {
            let differ = |((a, tolerance), (b, _)): (&(f64, f64), &(f64, f64))| {
                !((a - b).abs() <= *tolerance)
            };
            if worst == Outcome::Right
                && (one.len() != other.len() || one.iter().zip(other).any(differ))
            {
                worst = Outcome::Wrong("the numbers of the two levels differ".into());
            }
        }
        found.insert(id, Found { level, outcome: worst });
    }
    found
}

/// Writes the smallest program that fails like this header.
fn keep(runner: &Runner, options: &Options, header: &Header, found: &Found) {
    let (small, outcome) = shrink::shrink(runner, header, found.level, found.outcome.clone());
    let mut text = format!(
        "// {} at opt-level {}, header {} of seed {}:\n",
        outcome.name(),
        found.level,
        header.id,
        options.seed
    );
    outcome.text().lines().for_each(|line| text.push_str(&format!("// {line}\n")));
    text.push_str(&format!("//   {}\n", primal::signature(&small)));
    text.push_str("// rustc --edition 2024 -Zautodiff=Enable\n\n");
    text.push_str(&emit::program(&[&small], true));
    let path =
        options.directory.join(format!("{}-{}-{}.rs", outcome.name(), options.seed, header.id));
    run::write(&path, &text);
    println!(
        "{}: {}\n  {}",
        path.display(),
        primal::signature(&small),
        outcome.text().replace('\n', "\n  ")
    );
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("usage: fuzz-headers RUSTC DIRECTORY SEED COUNT JOBS");
        return ExitCode::from(2);
    };
    let start = Instant::now();
    println!("{} headers of seed {}", options.count, options.seed);
    let runner = |job: usize| Runner {
        rustc: options.rustc.clone(),
        directory: options.directory.clone(),
        name: format!("program-{job}"),
    };
    if let Err(error) = runner(0).library() {
        eprintln!("{error}\nerror: this compiler cannot compile what the programs check with");
        return ExitCode::FAILURE;
    }
    let (next, all, shrunk) = (
        AtomicUsize::new(0),
        Mutex::new(BTreeMap::new()),
        Mutex::new(BTreeMap::<String, usize>::new()),
    );
    let work = |job: usize| {
        let runner = runner(job);
        loop {
            let first = next.fetch_add(BATCH, Ordering::Relaxed);
            if first >= options.count {
                break;
            }
            let headers: Vec<_> = (first..options.count.min(first + BATCH))
                .map(|id| draw::header(options.seed, id))
                .collect();
            let found = examine(&runner, &headers);
            for header in &headers {
                let found = &found[&header.id];
                if found.outcome == Outcome::Right {
                    continue;
                }
                let most = if found.outcome.is_failure() { SHRUNK } else { 1 };
                let class = format!("{} {}", found.outcome.name(), found.outcome.class());
                let number = {
                    let mut shrunk = shrunk.lock().unwrap();
                    let number = shrunk.entry(class).or_default();
                    *number += 1;
                    *number
                };
                if number <= most {
                    keep(&runner, &options, header, found);
                }
            }
            let mut all = all.lock().unwrap();
            all.extend(found);
            println!("{} of {}: {}", all.len(), options.count, counts(&all));
        }
    };
    thread::scope(|scope| (0..options.jobs).for_each(|job| drop(scope.spawn(move || work(job)))));
    let all = all.into_inner().unwrap();
    let mut classes = BTreeMap::<(&str, String), Vec<usize>>::new();
    for (id, found) in all.iter().filter(|(_, found)| found.outcome != Outcome::Right) {
        classes.entry((found.outcome.name(), found.outcome.class())).or_default().push(*id);
    }
    println!(
        "\n{} headers of seed {}, {:.0} s",
        all.len(),
        options.seed,
        start.elapsed().as_secs_f64()
    );
    for ((name, class), ids) in &classes {
        let some: Vec<_> = ids.iter().take(8).map(usize::to_string).collect();
        println!("{:5} {name}: {class} ({})", ids.len(), some.join(", "));
    }
    println!("{}", counts(&all));
    let failed = all.values().any(|found| found.outcome.is_failure());
    if failed || all.len() != options.count { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn counts(all: &BTreeMap<usize, Found>) -> String {
    let names = ["right", "refused", "wrong", "crash", "hang", "ICE", "invalid"];
    let count = |name: &str| all.values().filter(|found| found.outcome.name() == name).count();
    names.map(|name| format!("{} {name}", count(name))).join(", ")
}
