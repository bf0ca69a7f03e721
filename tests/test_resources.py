"""What this process may use, by the kernel's own files, in every form these have."""

from __future__ import annotations

import os

import pytest

from insar_widgets import resources


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A machine of 8 cores and 16 GB whose cgroup files a test writes."""
    monkeypatch.setattr(resources, "_CGROUP", tmp_path / "cgroup")
    monkeypatch.setattr(resources, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)

    def write(files):
        for name, text in {"proc/meminfo": f"MemAvailable: {16 * 2**20} kB\n", **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write


def test_without_limits_it_is_the_affinity_and_the_machines_memory(system):
    system({})
    assert resources.cores() == 8
    assert resources.memory_bytes() == 16 * 2**30


def test_cgroup_version_2_limits_of_any_parent_count(system):
    system(
        {
            "proc/self/cgroup": "0::/user/job\n",
            "cgroup/user/job/cpu.max": "max 100000\n",
            "cgroup/user/cpu.max": "250000 100000\n",
            "cgroup/user/job/memory.max": "max\n",
            "cgroup/user/job/memory.current": "5\n",
            "cgroup/user/memory.max": f"{4 * 2**30}\n",
            "cgroup/user/memory.current": f"{3 * 2**30}\n",
            "cgroup/user/memory.stat": f"anon 1\ninactive_file {2**30}\nactive_file 0\n",
        }
    )
    assert resources.cores() == 2
    assert resources.memory_bytes() == 2 * 2**30


def test_cgroup_version_1(system):
    system(
        {
            "proc/self/cgroup": "4:memory:/job\n3:cpu,cpuacct:/job\n",
            "cgroup/cpu/job/cpu.cfs_quota_us": "300000\n",
            "cgroup/cpu/job/cpu.cfs_period_us": "100000\n",
            "cgroup/memory/job/memory.limit_in_bytes": f"{2**30}\n",
            "cgroup/memory/job/memory.usage_in_bytes": f"{2**29}\n",
        }
    )
    assert resources.cores() == 3
    assert resources.memory_bytes() == 2**29


def test_no_quota_in_version_1_is_minus_one(system):
    system(
        {
            "proc/self/cgroup": "3:cpu:/\n",
            "cgroup/cpu/cpu.cfs_quota_us": "-1\n",
            "cgroup/cpu/cpu.cfs_period_us": "100000\n",
        }
    )
    assert resources.cores() == 8


def test_less_than_a_core_is_one(system):
    system({"proc/self/cgroup": "0::/\n", "cgroup/cpu.max": "20000 100000\n"})
    assert resources.cores() == 1


def test_free_disk_of_a_folder_that_is_not_there_yet(tmp_path):
    status = os.statvfs(tmp_path)
    free = resources.disk_free(tmp_path / "not" / "yet")
    assert free == pytest.approx(status.f_bavail * status.f_frsize, rel=0.05)


def test_the_limit_is_the_tightest_cgroups_or_the_whole_machine(system):
    system({})
    assert resources.memory_limit() == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    system({"proc/self/cgroup": "0::/user/job\n", "cgroup/user/job/memory.max": "max\n"})
    system({"cgroup/user/memory.max": "1000000\n", "cgroup/user/memory.current": "900000\n"})
    assert resources.memory_limit() == 1000000
