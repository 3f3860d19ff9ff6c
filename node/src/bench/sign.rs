//! Signing orders for other measurements: it takes longer than they do, and need not be repeated for each.

use std::{path::PathBuf, time::Instant};

use super::{BenchError, Report, payers::Signed, rate};

/// What is signed.
#[derive(Clone, Debug, clap::Args)]
pub struct Settings {
    /// Where the orders go; a file that is there is replaced. Some 1.4 KB an order.
    pub file: PathBuf,
    /// Orders in all.
    #[arg(long, default_value_t = 102_400)]
    pub orders: u32,
    /// Accounts that order, as many each.
    #[arg(long, default_value_t = 1_600)]
    pub accounts: u32,
}

/// Signs orders and writes them to a file.
///
/// # Errors
/// [`BenchError`].
pub fn measure(settings: &Settings) -> Result<Report, BenchError> {
    let Settings {
        file,
        orders,
        accounts,
    } = settings;
    let began = Instant::now();
    let signed = Signed::make(*accounts, orders.div_ceil((*accounts).max(1)).max(1))?;
    let took = began.elapsed();
    signed.write(file)?;
    Ok(Report {
        title: "orders signed for other measurements, with the keys made for them",
        settings: vec![
            ("orders", signed.count().to_string()),
            ("accounts", accounts.to_string()),
            ("file", file.display().to_string()),
        ],
        figures: vec![("signed", rate(signed.count().into(), took))],
    })
}
