//! Counters by reason, for `--stats=json` and for tests.

use std::collections::BTreeMap;

#[derive(Default, Clone, Debug)]
pub struct Stats {
    /// Regions committed.
    pub regions: u64,
    /// Side segments attached.
    pub side_traces: u64,
    /// Compilations (each new region and each new side segment).
    pub compiles: u64,
    /// Time in the optimiser and the code generator, microseconds.
    pub compile_us: u64,
    /// Bytes of machine code made.
    pub code_bytes: u64,
    pub enters: u64,
    /// Entries refused because the frame's values had other types.
    pub refused: u64,
    pub exits: u64,
    pub aborts: BTreeMap<String, u64>,
    pub invalidations: BTreeMap<String, u64>,
}

impl Stats {
    pub fn count(map: &mut BTreeMap<String, u64>, key: &str) {
        *map.entry(key.to_owned()).or_default() += 1;
    }
    /// Fields of a JSON object, without the braces.
    pub fn json(&self) -> String {
        let map = |m: &BTreeMap<String, u64>| {
            let fields: Vec<String> =
                m.iter().map(|(k, v)| format!("\"{}\":{v}", k.replace(['"', '\\'], "'"))).collect();
            format!("{{{}}}", fields.join(","))
        };
        format!(
            "\"regions\":{},\"side_traces\":{},\"compiles\":{},\"compile_us\":{},\"code_bytes\":{},\"enters\":{},\
             \"refused\":{},\"exits\":{},\"aborts\":{},\"invalidations\":{}",
            self.regions,
            self.side_traces,
            self.compiles,
            self.compile_us,
            self.code_bytes,
            self.enters,
            self.refused,
            self.exits,
            map(&self.aborts),
            map(&self.invalidations)
        )
    }
}
