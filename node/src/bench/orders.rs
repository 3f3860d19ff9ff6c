//! Orders over HTTP on the loopback interface, at a given rate.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_ledger::codec::CanonicalBytes;

use super::{
    BenchError, Place, Report, millis,
    payers::{Signed, domain},
    percentile, rate,
};
use crate::{
    FeeSchedule, Genesis, Limits, Node, NodeOptions, Proving, client::Transport, config::Config,
    serve::Serving,
};

/// What is sent.
#[derive(Clone, Debug, clap::Args)]
pub struct Settings {
    /// Orders in all.
    #[arg(long, default_value_t = 50_000)]
    pub orders: u32,
    /// Orders that are due a second, whatever the node answers; 0: the next request when the last one is answered.
    #[arg(long, default_value_t = 5_000)]
    pub rate: u32,
    /// Accounts that order in turn.
    #[arg(long, default_value_t = 1_600)]
    pub accounts: u32,
    /// Connections.
    #[arg(long, default_value_t = 16)]
    pub connections: u32,
    /// Orders of a request.
    #[arg(long, default_value_t = 16)]
    pub group: u32,
    /// Slots of a batch.
    #[arg(long, default_value_t = 1024)]
    pub slots: u32,
    /// Proves the batches meanwhile, by the preset fast-128.
    #[arg(long)]
    pub prove: bool,
    /// Orders that `bench sign` has written, in place of signing them now; its accounts count.
    #[arg(long, value_name = "FILE")]
    pub signed: Option<PathBuf>,
    /// Where the node's folder is made, in place of the system's folder for temporary files.
    #[arg(long)]
    pub folder: Option<PathBuf>,
}

/// A request of a connection: when it is due, counted in requests of all connections, and its body.
struct Planned {
    number: u32,
    orders: u32,
    body: Vec<u8>,
}

/// Sends orders, and measures how long each request takes from when it is due.
///
/// # Errors
/// [`BenchError`].
pub fn measure(settings: &Settings) -> Result<Report, BenchError> {
    let Settings {
        accounts,
        connections,
        group,
        ..
    } = *settings;
    let too_many = BenchError::Setting {
        setting: "connections",
        what: "at least one, and not more than there are accounts",
    };
    if connections == 0 {
        return Err(too_many);
    }
    if group == 0 || group > 512 {
        return Err(BenchError::Setting {
            setting: "group",
            what: "1 to 512 orders",
        });
    }
    let began = Instant::now();
    let signed = Signed::at_hand(settings.signed.as_deref(), accounts, settings.orders)?;
    let signing = began.elapsed();
    let (orders, payers) = (u64::from(signed.count()), signed.accounts.len());
    if connections as usize > payers {
        return Err(too_many);
    }
    let opening = signed.accounts;
    let plan = plan(signed.orders, settings);

    let place = Place::new(settings.folder.as_deref())?;
    let mut options = NodeOptions::new(
        place.path(),
        Genesis {
            accounts: opening,
            ..Genesis::empty(domain())
        },
    );
    options.limits = Limits {
        slots: settings.slots,
        max_per_account: u32::MAX,
        max_pending: u64::MAX,
        ..Limits::default()
    };
    options.fees = FeeSchedule::free();
    options.disk_reserve = 0;
    options.proving = settings.prove.then(|| Proving {
        preset: Preset::new(PresetName::Fast, SecurityLevel::Bits128),
        threads: None,
        memory_limit: None,
    });
    let (node, running) = Node::start(options)?;
    let sent = served(&node, &place, plan, settings);
    let status = node.status();
    running.stop();
    let ended = running.wait();
    let (mut latencies, took) = sent?;
    ended?;
    let status = status.map_err(|error| BenchError::Broken(error.to_string()))?;
    latencies.sort_unstable();
    let mut figures = vec![
        (
            "orders admitted",
            format!("{orders}, {}", rate(orders, took)),
        ),
        ("latency p50", millis(percentile(&latencies, 500))),
        ("latency p90", millis(percentile(&latencies, 900))),
        ("latency p99", millis(percentile(&latencies, 990))),
        ("latency most", millis(percentile(&latencies, 1000))),
        ("batches sealed meanwhile", status.next_to_seal.to_string()),
    ];
    if settings.prove {
        let proven = status.next_to_seal.saturating_sub(status.unproven);
        figures.push(("batches proven meanwhile", proven.to_string()));
    }
    figures.push(("signing or reading them beforehand", millis(signing)));
    let due = match settings.rate {
        0 => "as answers come".to_owned(),
        rate => format!("{rate} orders a second"),
    };
    Ok(Report {
        title: if settings.prove {
            "orders admitted over HTTP on the loopback interface, proving meanwhile"
        } else {
            "orders admitted over HTTP on the loopback interface, without proving"
        },
        settings: vec![
            ("orders", orders.to_string()),
            ("due", due),
            ("accounts", payers.to_string()),
            ("connections", connections.to_string()),
            ("orders a request", group.to_string()),
            ("slots", settings.slots.to_string()),
            ("folder", place.path().display().to_string()),
        ],
        figures,
    })
}

/// Divides the accounts among the connections, so that the orders of one account are sent one after another.
fn plan(
    signed: Vec<Vec<winterlane_ledger::SignedOrder>>,
    settings: &Settings,
) -> Vec<Vec<Planned>> {
    let connections = settings.connections as usize;
    let mut per_connection: Vec<Vec<Vec<_>>> = (0..connections).map(|_| Vec::new()).collect();
    for (place, orders) in signed.into_iter().enumerate() {
        per_connection[place % connections].push(orders);
    }
    let requests = |accounts: Vec<Vec<winterlane_ledger::SignedOrder>>| {
        let each = accounts.first().map_or(0, Vec::len);
        let turns = (0..each).flat_map(|turn| accounts.iter().map(move |orders| &orders[turn]));
        let orders: Vec<_> = turns.map(CanonicalBytes::to_bytes).collect();
        orders
            .chunks(settings.group as usize)
            .map(|chunk| {
                let framed =
                    |order: &Vec<u8>| [&(order.len() as u32).to_le_bytes(), &order[..]].concat();
                (chunk.len() as u32, chunk.iter().flat_map(framed).collect())
            })
            .collect::<Vec<(u32, Vec<u8>)>>()
    };
    let plans = per_connection.into_iter().map(requests).enumerate();
    plans
        .map(|(connection, requests)| {
            let numbered = requests.into_iter().enumerate();
            numbered
                .map(|(at, (orders, body))| Planned {
                    number: (at * connections + connection) as u32,
                    orders,
                    body,
                })
                .collect()
        })
        .collect()
}

/// Serves the node, and sends everything; gives a latency for each order, and how long all took.
fn served(
    node: &Node,
    place: &Place,
    plan: Vec<Vec<Planned>>,
    settings: &Settings,
) -> Result<(Vec<Duration>, Duration), BenchError> {
    let text = "[listen]\naddress = \"127.0.0.1:0\"\nhealth = \"127.0.0.1:0\"\n\
                [interface]\nrequests_per_second = 0\nkey_requests_per_second = 0\n";
    let config = Config::parse("the settings of the measurement", text)
        .map_err(|error| BenchError::Broken(error.to_string()))?;
    let serving = Serving::start(node, &config, place.path())?;
    let address = format!("http://{}", serving.address());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| BenchError::Broken(error.to_string()))?;
    let (rate, group) = (settings.rate, settings.group);
    let sent = runtime.block_on(async {
        let start = Instant::now() + Duration::from_millis(50);
        let mut tasks = Vec::new();
        for requests in plan {
            let transport = Arc::new(Transport::new(&address)?);
            tasks.push(tokio::spawn(connection(
                transport, requests, start, rate, group,
            )));
        }
        let mut latencies = Vec::new();
        for task in tasks {
            let task = task
                .await
                .map_err(|error| BenchError::Broken(error.to_string()))?;
            latencies.extend(task?);
        }
        Ok((latencies, start.elapsed()))
    });
    serving.stop();
    sent
}

async fn connection(
    transport: Arc<Transport>,
    requests: Vec<Planned>,
    start: Instant,
    rate: u32,
    group: u32,
) -> Result<Vec<Duration>, BenchError> {
    let headers = [("content-type", "application/octet-stream".to_owned())];
    let mut latencies = Vec::new();
    for Planned {
        number,
        orders,
        body,
    } in requests
    {
        // from when it is due, not from when the connection came to it: who waits in line waits too
        let due = if rate == 0 {
            Instant::now().max(start)
        } else {
            start + Duration::from_secs_f64(f64::from(number) * f64::from(group) / f64::from(rate))
        };
        tokio::time::sleep_until(due.into()).await;
        let reply = transport
            .send("POST", "/v1/orders/batch", &headers, &body)
            .await?;
        let latency = due.elapsed();
        let text = String::from_utf8_lossy(&reply.body);
        let taken = text.matches("\"receipt\"").count();
        if reply.status != 200 || taken != orders as usize {
            return Err(BenchError::Refused(text.chars().take(400).collect()));
        }
        latencies.extend(std::iter::repeat_n(latency, orders as usize));
    }
    Ok(latencies)
}
