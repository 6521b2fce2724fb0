"""Runs a config with BMTK's BioNet: `sonata_bmtk.py config.json`, in the folder of the config.

BMTK 1.2.0 calls a function that NEURON 9 no longer has when electrodes stimulate; what it did is not needed there.
Prints JSON with the processor time of set-up and of the run, and the largest memory.
"""
import json
import resource
import sys
import time

from bmtk.simulator import bionet
from bmtk.simulator.bionet import biocell
from neuron import h


def setup_xstim(self, set_nrn_mechanism=True):
    self.ptr2e_extracellular = h.PtrVector(self.morphology.nseg)
    if set_nrn_mechanism:
        for section in self.hobj.all:
            section.insert("extracellular")


if not hasattr(h.PtrVector(1), "ptr_update_callback"):
    biocell.BioCell.setup_xstim = setup_xstim

start = time.process_time()
config = bionet.Config.from_json(sys.argv[1])
config.build_env()
network = bionet.BioNetwork.from_config(config)
simulator = bionet.BioSimulator.from_config(config, network=network)
ready = time.process_time()
simulator.run()
done = time.process_time()
print(json.dumps({"setup_s": ready - start, "run_s": done - ready,
                  "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
