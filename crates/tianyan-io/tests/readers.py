"""Reads what readers.rs wrote with h5py, libsonata and BMTK, and compares every value.

Called with the directory; expected.json in it says what the files must hold.
"""

import json
import pathlib
import sys

import h5py
import libsonata
import numpy as np
from bmtk.utils.reports import CompartmentReport
from bmtk.utils.reports.spike_trains import SpikeTrains

HERE = pathlib.Path(sys.argv[1])
EXPECTED = json.loads((HERE / "expected.json").read_text())


def same(what, found, expected):
    assert np.array_equal(np.asarray(found), np.asarray(expected)), f"{what}: {found} is not {expected}"


def layout_of_spikes(path, populations):
    with h5py.File(path) as file:
        same("magic", file.attrs["magic"], 0x0A7A)
        assert file.attrs["magic"].dtype == np.uint32 and file.attrs["version"].dtype == np.uint32
        same("version", file.attrs["version"], [0, 1])
        same("populations", sorted(file["spikes"]), sorted(populations))
        for name, expected in populations.items():
            group = file["spikes"][name]
            sorting = group.attrs.get_id("sorting").dtype
            assert h5py.check_enum_dtype(sorting) == {"none": 0, "by_id": 1, "by_time": 2} and sorting == np.uint8
            same("sorting", group.attrs["sorting"], 2)
            times, ids = group["timestamps"], group["node_ids"]
            assert times.dtype == np.float64 and ids.dtype == np.uint64
            assert times.compression is None and times.chunks and times.maxshape == (None,)
            assert times.attrs["units"] == "ms" and isinstance(times.attrs["units"], str)
            same(name, times, expected["times_ms"])
            same(name, ids, expected["node_ids"])


def layout_of_report(path, report):
    with h5py.File(path) as file:
        same("magic", file.attrs["magic"], 0x0A7A)
        for name, expected in report["populations"].items():
            data, mapping = file["report"][name]["data"], file["report"][name]["mapping"]
            assert data.dtype == (np.float64 if report["double"] else np.float32)
            assert data.compression is None and data.chunks and data.maxshape[0] is None
            assert data.attrs["units"] == "mV" and data.attrs["variable"] == "v"
            assert mapping["index_pointers"] == mapping["index_pointer"], "not the same object"
            types = {"node_ids": np.uint64, "index_pointers": np.uint64, "element_ids": np.uint32}
            types |= {"element_pos": np.float32, "time": np.float64}
            for column, dtype in types.items():
                assert mapping[column].dtype == dtype, column
                same(column, mapping[column], np.array(expected[column], dtype))
            same("sorted", mapping["node_ids"].attrs["sorted"], 1)
            assert mapping["time"].attrs["units"] == "ms"
            same("data", data, np.array(expected["data"], data.dtype).reshape(data.shape))


def spikes_by_libsonata(path, populations):
    reader = libsonata.SpikeReader(str(path))
    same("populations", sorted(reader.get_population_names()), sorted(populations))
    for name, expected in populations.items():
        population = reader[name]
        assert population.sorting == "by_time" and population.time_units == "ms"
        found = population.get_dict()
        same(name, found["timestamps"], expected["times_ms"])
        same(name, found["node_ids"], expected["node_ids"])
        same(name, population.get(tstart=0.2, tstop=0.45), [
            (node, t) for t, node in zip(expected["times_ms"], expected["node_ids"]) if 0.2 <= t <= 0.45
        ])


def spikes_by_bmtk(path, populations):
    trains = SpikeTrains.from_sonata(str(path))
    for name, expected in populations.items():
        for node in set(expected["node_ids"]):
            times = [t for t, n in zip(expected["times_ms"], expected["node_ids"]) if n == node]
            same(name, trains.get_times(node_id=node, population=name), times)
        same(name, trains.n_spikes(population=name), len(expected["times_ms"]))


def report_by_libsonata(path, report):
    reader = libsonata.ElementReportReader(str(path))
    same("populations", sorted(reader.get_population_names()), sorted(report["populations"]))
    for name, expected in report["populations"].items():
        population = reader[name]
        assert population.data_units == "mV" and population.time_units == "ms" and population.sorted
        same("times", population.times, expected["time"])
        frame = population.get()
        data = np.array(expected["data"], np.float32).reshape(len(frame.times), -1)
        same("data", frame.data, data)
        assert np.allclose(frame.times, np.arange(len(data)) * expected["time"][2], rtol=0, atol=1e-9)
        pointers, columns = expected["index_pointers"], []
        for node, start, stop in zip(expected["node_ids"], pointers, pointers[1:]):
            columns += [[node, section] for section in expected["element_ids"][start:stop]]
        same("ids", frame.ids, columns)


def report_by_bmtk(path, report):
    reader = CompartmentReport(str(path), "r")
    same("populations", sorted(reader.populations), sorted(report["populations"]))
    for name, expected in report["populations"].items():
        assert reader.units(population=name) == "mV" and reader.variable(population=name) == "v"
        time = [reader.tstart(population=name), reader.tstop(population=name), reader.dt(population=name)]
        same("time", time, expected["time"])
        pointers = expected["index_pointers"]
        dtype = np.float64 if report["double"] else np.float32
        data = np.array(expected["data"], dtype).reshape(-1, pointers[-1])
        assert len(data) == reader[name].n_steps() == len(reader.time_trace(population=name))
        for node, start, stop in zip(expected["node_ids"], pointers, pointers[1:]):
            found = reader.data(node_id=node, population=name)
            same("data", np.reshape(found, (len(data), -1)), data[:, start:stop])
            same("ids", reader.element_ids(node_id=node, population=name), expected["element_ids"][start:stop])
            same("pos", reader.element_pos(node_id=node, population=name), expected["element_pos"][start:stop])


def main():
    spikes = HERE / EXPECTED["spikes"]["file"]
    populations = EXPECTED["spikes"]["populations"]
    for check in (layout_of_spikes, spikes_by_libsonata, spikes_by_bmtk):
        check(spikes, populations)
        print(f"{check.__name__}: {spikes.name} ok")
    for report in EXPECTED["reports"]:
        path = HERE / report["file"]
        checks = [layout_of_report, report_by_bmtk]
        # libsonata takes no 64-bit data: the price of `double`.
        checks += [] if report["double"] else [report_by_libsonata]
        for check in checks:
            check(path, report)
            print(f"{check.__name__}: {path.name} ok")


main()
