//! `quaywatch enrol`: makes a centre and its province known to each other, in two commands.
//!
//! `request` at the centre makes its keys and a request; `sign` at the province answers it with papers
//! that are put beside the request. `broker` makes the certificate of the province's broker.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args as ClapArgs, Subcommand};

use super::{USAGE, failed};
use crate::config::{self, KnownCentre, ProvinceConfig};
use crate::enrol::{Authority, Folder, Request};
use crate::wire::Trust;
use crate::{clock, disk, keys};

/// What `quaywatch enrol` is to do.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// At the centre: makes its keys, if there are none, and a request for the province.
    Request {
        /// The centre's configuration.
        #[arg(long)]
        config: PathBuf,
    },
    /// At the province: signs a centre's request and writes the papers that answer it.
    Sign {
        /// The province's configuration.
        #[arg(long)]
        config: PathBuf,
        /// The request.
        request: PathBuf,
        /// Where the papers are written; by default beside the request.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Takes another evidence key than the one that is known: the box was replaced.
        #[arg(long)]
        new_key: bool,
    },
    /// At the province: makes the certificate of its broker.
    Broker {
        /// The province's configuration.
        #[arg(long)]
        config: PathBuf,
        /// A name or address by which centres reach the broker.
        #[arg(long, required = true)]
        host: Vec<String>,
    },
}

pub(super) fn run(args: Args) -> ExitCode {
    let done = match args.what {
        What::Request { config } => match config::load_edge(&config) {
            Ok(edge) => request(&edge, &config),
            Err(problems) => return failed(USAGE, format!("the configuration is wrong:\n{problems}")),
        },
        What::Sign { config, request, out, new_key } => match config::load_province(&config) {
            Ok(province) => sign(&province, &request, out, new_key),
            Err(problems) => return failed(USAGE, format!("the configuration is wrong:\n{problems}")),
        },
        What::Broker { config, host } => match config::load_province(&config) {
            Ok(province) => broker(&province, &host),
            Err(problems) => return failed(USAGE, format!("the configuration is wrong:\n{problems}")),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => failed(1, format!("{e:#}")),
    }
}

fn request(edge: &config::EdgeConfig, path: &Path) -> anyhow::Result<()> {
    let link = edge.province.as_ref().context("there is no [province] in the configuration")?;
    let folder = link.enrolment.clone().map(Folder);
    let folder = folder.context("[province] names no folder for papers: write enrolment = \"enrolment\"")?;
    let signer = keys::load_or_make(&link.identity)?;
    let centre = &edge.centre.id;
    let written = folder.write_request(centre, &signer, clock::now().wall)?;
    let text = std::fs::read_to_string(&written)?;
    let fingerprint = Request::read(&text)?.fingerprint();
    let papers = folder.papers(centre);
    println!("Yêu cầu / request: {}", written.display());
    println!("Mã đối chiếu / compare by telephone: {fingerprint}");
    println!(
        "Gửi tệp này cho tỉnh. Khi nhận lại, đặt tệp giấy tờ vào đúng chỗ sau rồi chạy quaywatch check --config {0}:\n  \
         {1}\nSend this file to the province. Put the papers that come back here, then run quaywatch check --config {0}:\n  \
         {1}",
        path.display(),
        papers.display()
    );
    Ok(())
}

fn sign(
    province: &ProvinceConfig,
    request: &Path,
    out: Option<PathBuf>,
    new_key: bool,
) -> anyhow::Result<()> {
    let authority = authority(province)?;
    let text = std::fs::read_to_string(request).with_context(|| request.display().to_string())?;
    let asked = Request::read(&text).with_context(|| request.display().to_string())?;
    let known = province.centres.iter().find(|known| known.id == asked.centre).with_context(|| {
        let id = &asked.centre;
        format!(
            "centre {id} is not in the configuration: add\n[[centre]]\nid = \"{id}\"\nname = \"…\"\n\
             keys = \"centres/{id}.pub.pem\""
        )
    })?;
    learn(known, &asked, new_key)?;
    let own = keys::load_or_make(&province.identity)?;
    let (centre, fingerprint) = (asked.centre.clone(), asked.fingerprint());
    let papers = authority.sign(asked, &[own.public()], clock::now().wall)?;
    let name = format!("{centre}.enrolled.pem");
    let out = out.unwrap_or_else(|| request.with_file_name(name));
    disk::write_atomically(&out, papers.as_bytes())?;
    println!("Giấy tờ / papers of {centre} ({}): {}", known.name, out.display());
    println!("Mã đối chiếu / compare by telephone: {fingerprint}");
    println!("Gửi tệp này cho trung tâm. / Send this file to the centre.");
    Ok(())
}

/// Adds the evidence key to those of the centre. One that differs from what is known is taken only if told so.
fn learn(known: &KnownCentre, asked: &Request, new_key: bool) -> anyhow::Result<()> {
    let had = if known.keys.exists() { std::fs::read_to_string(&known.keys)? } else { String::new() };
    let trust = if had.is_empty() { Trust::default() } else { Trust::from_pem(&had)? };
    if trust.knows(&asked.evidence) {
        return Ok(());
    }
    if !trust.is_empty() && !new_key {
        bail!(
            "{} holds another key of centre {} than this request: if its box was replaced, and the people there \
             confirm it, say so with --new-key",
            known.keys.display(),
            known.id
        );
    }
    if let Some(folder) = known.keys.parent() {
        disk::make_folder(folder)?;
    }
    disk::write_atomically(&known.keys, format!("{had}{}", asked.evidence.to_pem()?).as_bytes())?;
    Ok(())
}

fn broker(province: &ProvinceConfig, hosts: &[String]) -> anyhow::Result<()> {
    let files = authority(province)?.write_broker(hosts, clock::now().wall)?;
    println!("Cho mosquitto / for mosquitto (cafile, certfile, keyfile):");
    files.iter().for_each(|file| println!("  {}", file.display()));
    Ok(())
}

fn authority(province: &ProvinceConfig) -> anyhow::Result<Authority> {
    let folder = province.authority.as_deref();
    let folder = folder.context("[province] names no authority: write authority = \"authority\"")?;
    Authority::open_or_make(folder, &province.name, clock::now().wall)
}
