//! Options that choose cases.

use iotmp_conformance::plan::Selection;
use iotmp_spec::model::Level;

/// Which cases.
#[derive(Debug, clap::Args)]
pub(super) struct Choice {
    /// Only the cases whose ids match; `*` is any text, `?` any character. May be given again.
    #[arg(long, value_name = "GLOB")]
    select: Vec<String>,
    /// Leave out the cases whose ids match. May be given again.
    #[arg(long, value_name = "GLOB")]
    skip: Vec<String>,
    /// Laxest level.
    #[arg(long, value_enum, default_value_t = LevelName::May)]
    level: LevelName,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum LevelName {
    Must,
    Should,
    May,
}

impl Choice {
    pub(super) fn selection(&self) -> Selection {
        Selection {
            select: self.select.clone(),
            skip: self.skip.clone(),
            level: match self.level {
                LevelName::Must => Level::Must,
                LevelName::Should => Level::Should,
                LevelName::May => Level::May,
            },
        }
    }
}
