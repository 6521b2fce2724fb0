//! A network in another simulator's language.

use crate::{Error, Session};
use std::path::{Path, PathBuf};
use tianyan_io::export::{ExportMechanism, export_neuron};
use tianyan_model::{Problem, Problems};

impl Session {
    /// Writes a folder that rebuilds exactly this network in NEURON, and gives the files.
    pub fn export_neuron(&self, directory: &Path) -> Result<Vec<PathBuf>, Error> {
        if let Some(stepped) = self.mechanisms.iter().find(|mechanism| mechanism.is_stepped()) {
            let message = format!("NEURON has no point neurons that move in steps, such as `{}`", stepped.name);
            let help = "NEURON's artificial cells live on events alone: IntFire1, IntFire2, IntFire4";
            return Err(Problems::from(Problem::new("export-point-neuron", message).help(help)).into());
        }
        let sources = self.recipe().mechanisms().iter().zip(&self.mechanisms);
        let mechanisms: Vec<ExportMechanism> = sources
            .map(|(source, mechanism)| ExportMechanism {
                name: mechanism.name.clone(),
                text: source.text.clone(),
                kind: mechanism.kind,
                streams: mechanism.streams().map(String::from).collect(),
                function_tables: mechanism.function_tables.iter().map(|table| table.name.clone()).collect(),
            })
            .collect();
        export_neuron(self.recipe(), &mechanisms, directory).map_err(Error::Output)
    }
}
