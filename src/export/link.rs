//! Gives a package its place in the centre's chain, and puts the stretch of the chain that it lies in beside its films:
//! what somebody took out between its documents shows then, to whoever has nothing but the package.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;

use super::make::Exporter;
use super::more::{MoreFile, put};
use crate::evidence::export::{CHAIN, Package};
use crate::ledger::{LinkKind, Sealed, Stretch};
use crate::wire::Malformed;

impl Exporter<'_> {
    /// Signs the package as the next document of the chain; `folder` is where it is made.
    pub(super) async fn link(&self, package: &mut Package, folder: &Path) -> anyhow::Result<Sealed> {
        let incidents: Vec<String> =
            package.incidents.iter().map(|incident| incident.id.to_string()).collect();
        let hours: BTreeSet<i64> =
            package.files.iter().flat_map(|file| &file.sources).filter_map(|one| one.hour).collect();
        let first = self.db.first_of(&incidents).await.context("centre.sqlite")?;
        let lowest = first.into_iter().chain(hours.first().copied()).min();
        let (mut stretch, mut last) = self.db.stretch(package.from, lowest).await.context("centre.sqlite")?;
        loop {
            self.put_stretch(&stretch, package, folder).await?;
            let mut is_late = false;
            let (id, at) = (package.id.clone(), package.made_at);
            let linking = self.db.link((LinkKind::Package, Some(&id)), at, |link| {
                // Where it does not follow by its digest, that is for the check to tell.
                is_late = last.saturating_add(1) != link.number;
                if is_late {
                    return Err(Malformed("another document was signed meanwhile".to_owned()));
                }
                package.link = Some(link);
                Ok(package.seal(self.signer))
            });
            match linking.await {
                Err(_) if is_late => {}
                linked => return linked.context("centre.sqlite"),
            }
            last = self.db.go_on(&mut stretch, last).await.context("centre.sqlite")?;
        }
    }

    async fn put_stretch(
        &self,
        stretch: &Stretch,
        package: &mut Package,
        folder: &Path,
    ) -> anyhow::Result<()> {
        let file =
            MoreFile { name: CHAIN.to_owned(), media_type: "application/json", bytes: stretch.to_bytes() };
        let folder = folder.to_owned();
        let file = tokio::task::spawn_blocking(move || put(&folder, &file)).await??;
        package.beside.retain(|other| other.name != CHAIN);
        package.beside.push(file);
        Ok(())
    }
}
