//! `self`: the suite against its own reference.

use iotmp_conformance::case::Role;
use iotmp_conformance::plan::{Selection, live_ids, vectors_of};
use iotmp_conformance::report::Report;
use iotmp_conformance::self_test::{self, SelfTestError};

use iotmp_spec::model::Spec;

use super::Outcome;
use super::options::{RunOptions, block_on, specs};

/// Tests the reference codec, server and device in this process.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only this specification.
    #[arg(long, value_name = "NAME")]
    spec: Option<String>,
    #[command(flatten)]
    run: RunOptions,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let specs = specs(arguments.spec.as_deref())?;
    let selection = arguments.run.selection();
    let mut ids = live_ids(&specs, &Role::ALL);
    for set in specs.iter().filter_map(|spec| vectors_of(spec)) {
        ids.extend(set.vectors.iter().map(|vector| vector.id.clone()));
    }
    selection
        .check(ids.iter().map(String::as_str))
        .map_err(|error| error.to_string())?;
    let all = specs.iter().map(|spec| everything(spec)).sum();
    let targets = arguments.run.targets(Vec::new())?;
    let (settings, manner) = (arguments.run.settings(), arguments.run.manner());
    let tested = block_on(async {
        let mut tasks = Vec::new();
        for spec in specs {
            let (selection, settings, manner) =
                (selection.clone(), settings.clone(), manner.clone());
            tasks.push(tokio::spawn(async move {
                self_test::run(spec, &selection, &settings, &manner).await
            }));
        }
        let (mut runs, mut ledgers) = (Vec::new(), Vec::new());
        for task in tasks {
            let (of_spec, ledger) = task
                .await
                .map_err(|error| error.to_string())?
                .map_err(told)?;
            // A specification of which nothing was asked for has no account.
            if !of_spec.is_empty() {
                ledgers.push(ledger);
            }
            runs.extend(of_spec);
        }
        Ok::<_, String>((runs, ledgers))
    })?;
    match tested {
        Ok((runs, _)) if runs.is_empty() => {
            Err("--select, --skip and --level leave no case to run".to_owned())
        }
        Ok((runs, ledgers)) => targets.write(
            Report::new(runs, ledgers, arguments.run.allow_untested()),
            all,
        ),
        Err(why) => Ok(targets.unreachable(why)),
    }
}

/// How many cases there are of a spec.
fn everything(spec: &Spec) -> usize {
    let roles = Role::ALL.into_iter();
    let live: usize = roles
        .map(|role| Selection::default().cases(spec, role).len())
        .sum();
    live + vectors_of(spec).map_or(0, |set| set.vectors.len())
}

fn told(error: SelfTestError) -> String {
    error.to_string()
}
