//! What the system can still give to this process, by every limit that it is under.
//!
//! On Linux that is the least of
//! - the memory of the machine that is available,
//! - what is left under the limits of the process's control group and of every group above it, in
//!   either version, and
//! - what is left of the process's address space and of its data segment, and of the memory that the
//!   system may promise if it promises no more than it has.
//!
//! All of it is read from files. A limit whose files are missing or say something else is none.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Where those files are: `/`, or for tests a folder with a `proc` and a `sys` of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct System<'a> {
    root: &'a Path,
}

/// Bytes of memory and of address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Available {
    /// Bytes that may be written to.
    pub(crate) memory: Option<u64>,
    /// Bytes that may be mapped, whether they are written to or not.
    pub(crate) address_space: Option<u64>,
}

/// The files of one version of control groups.
struct GroupFiles {
    limits: &'static [&'static str],
    used: &'static str,
    /// The line of `memory.stat` that counts cached file pages, which the group can give back.
    cached: &'static str,
}

const VERSION_1: GroupFiles = GroupFiles {
    limits: &["memory.limit_in_bytes"],
    used: "memory.usage_in_bytes",
    cached: "total_inactive_file",
};

/// Above `memory.high` the group is slowed down to a crawl, which is as bad as a refusal.
const VERSION_2: GroupFiles = GroupFiles {
    limits: &["memory.max", "memory.high"],
    used: "memory.current",
    cached: "inactive_file",
};

/// What is left of this process's address space; `None` without a limit.
pub(crate) fn address_space_left() -> Option<u64> {
    let system = System::new(Path::new("/"));
    system.address_space(&system.read("proc/meminfo").unwrap_or_default())
}

impl<'a> System<'a> {
    /// The system whose files are below `root`.
    pub(crate) const fn new(root: &'a Path) -> Self {
        Self { root }
    }

    /// What it can give.
    pub(crate) fn available(&self) -> Available {
        let meminfo = self.read("proc/meminfo").unwrap_or_default();
        let free = field(&meminfo, "MemAvailable:").map(kibibytes);
        let groups = self.groups().into_iter();
        let groups = groups.filter_map(|(folder, files)| group_available(&folder, files));
        Available {
            memory: least(free.into_iter().chain(groups)),
            address_space: self.address_space(&meminfo),
        }
    }

    fn read(&self, name: &str) -> Option<String> {
        read(&self.root.join(name))
    }

    fn address_space(&self, meminfo: &str) -> Option<u64> {
        let limits = self.read("proc/self/limits").unwrap_or_default();
        let status = self.read("proc/self/status").unwrap_or_default();
        let left = |limit: &str, used: &str| {
            let limit = field(&limits, limit)?;
            let used = field(&status, used).map_or(0, kibibytes);
            Some(limit.saturating_sub(used))
        };
        // 2: no more is promised than there is.
        let strict = self.read("proc/sys/vm/overcommit_memory");
        let promised = if strict.is_some_and(|mode| mode.trim() == "2") {
            field(meminfo, "CommitLimit:").map(|limit| {
                let used = field(meminfo, "Committed_AS:").unwrap_or(0);
                kibibytes(limit.saturating_sub(used))
            })
        } else {
            None
        };
        least(
            [
                left("Max address space", "VmSize:"),
                left("Max data size", "VmData:"),
                promised,
            ]
            .into_iter()
            .flatten(),
        )
    }

    /// The folders of the process's control groups for memory and of all groups above them.
    fn groups(&self) -> Vec<(PathBuf, &'static GroupFiles)> {
        let (Some(own), Some(mounts)) = (
            self.read("proc/self/cgroup"),
            self.read("proc/self/mountinfo"),
        ) else {
            return Vec::new();
        };
        let mut folders = Vec::new();
        for line in own.lines() {
            // Number, controllers, path; the second version has neither of the former.
            let mut parts = line.splitn(3, ':');
            let (Some(_), Some(controllers), Some(path)) =
                (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let (kind, files) = if controllers.is_empty() {
                ("cgroup2", &VERSION_2)
            } else if controllers.split(',').any(|name| name == "memory") {
                ("cgroup", &VERSION_1)
            } else {
                continue;
            };
            for (root, point) in mounts.lines().filter_map(|mount| group_mount(mount, kind)) {
                let top = self.root.join(point.trim_start_matches('/'));
                // A container may see its own group only, mounted where the topmost one would be.
                let below = Path::new(path).strip_prefix(&root).unwrap_or(Path::new(""));
                let mut folder = top.join(below);
                loop {
                    folders.push((folder.clone(), files));
                    if folder == top || !folder.pop() {
                        break;
                    }
                }
            }
        }
        folders
    }
}

/// The root and the mount point of a line of `mountinfo`, if it mounts control groups of this kind that
/// account for memory.
fn group_mount(line: &str, kind: &str) -> Option<(String, String)> {
    let (left, right) = line.split_once(" - ")?;
    let mut right = right.split(' ');
    if right.next()? != kind {
        return None;
    }
    let options = right.next_back().unwrap_or("");
    if kind == "cgroup" && !options.split(',').any(|option| option == "memory") {
        return None;
    }
    let mut left = left.split(' ').skip(3);
    Some((unescaped(left.next()?), unescaped(left.next()?)))
}

/// A path of `mountinfo`, in which a space is `\040`.
fn unescaped(path: &str) -> String {
    path.replace("\\040", " ").replace("\\134", "\\")
}

/// Bytes that no machine has. Without a limit the first version says as many pages as fit into 63 bits, in bytes.
const NO_LIMIT: u64 = 1 << 62;

/// Bytes left under the limits of a control group, if it has any.
fn group_available(folder: &Path, files: &GroupFiles) -> Option<u64> {
    // No limit is "max", which does not parse, or in the first version a number.
    let number = |name: &str| -> Option<u64> { read(&folder.join(name))?.trim().parse().ok() };
    let limits = files.limits.iter().filter_map(|name| number(name));
    // Its other files take their time, too, and say nothing then.
    let limit = least(limits.filter(|&limit| limit < NO_LIMIT))?;
    let used = number(files.used)?;
    let stat = read(&folder.join("memory.stat")).unwrap_or_default();
    let cached = field(&stat, files.cached).unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(cached)))
}

/// Room for most of these files.
const FILE_BYTES: usize = 8192;

/// The text of a file. Those of the kernel's say that they are empty: without room to begin with they would be read some
/// bytes at a time, and a dozen of them would take as long as a tenth of a short proof.
fn read(path: &Path) -> Option<String> {
    let mut text = String::with_capacity(FILE_BYTES);
    File::open(path).ok()?.read_to_string(&mut text).ok()?;
    Some(text)
}

/// The first number after `name` at the start of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?;
        rest.starts_with([' ', '\t']).then_some(rest)
    })?;
    rest.split_whitespace().next()?.parse().ok()
}

const fn kibibytes(count: u64) -> u64 {
    count.saturating_mul(1024)
}

fn least(numbers: impl Iterator<Item = u64>) -> Option<u64> {
    numbers.min()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const GIB: u64 = 1 << 30;

    /// A system with these files.
    fn system(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        root
    }

    fn available(files: &[(&str, &str)]) -> Available {
        System::new(system(files).path()).available()
    }

    const MEMINFO: (&str, &str) = (
        "proc/meminfo",
        "MemTotal: 33554432 kB\nMemAvailable:   16777216 kB\nCommitLimit: 8388608 kB\nCommitted_AS: 2097152 kB\n",
    );

    const GROUP_2: (&str, &str) = ("proc/self/cgroup", "0::/user.slice/job.scope\n");

    const MOUNT_2: (&str, &str) = (
        "proc/self/mountinfo",
        "25 30 0:23 / /sys rw - sysfs sysfs rw\n\
         35 25 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
    );

    #[test]
    fn no_files_are_no_limit() {
        let (memory, address_space) = (None, None);
        let expected = Available {
            memory,
            address_space,
        };
        assert_eq!(available(&[]), expected);
    }

    #[test]
    fn the_machine_alone() {
        assert_eq!(available(&[MEMINFO]).memory, Some(16 * GIB));
    }

    #[test]
    fn the_own_group_and_each_above_it() {
        let group = |name: &str| format!("sys/fs/cgroup/{name}");
        for (folder, limit) in [
            ("user.slice/job.scope/", "memory.max"),
            ("user.slice/job.scope/", "memory.high"),
            ("user.slice/", "memory.max"),
            ("user.slice/", "memory.high"),
            ("", "memory.max"),
        ] {
            let limit = group(&format!("{folder}{limit}"));
            let used = group(&format!("{folder}memory.current"));
            let stat = group(&format!("{folder}memory.stat"));
            let files = [
                MEMINFO,
                GROUP_2,
                MOUNT_2,
                ("sys/fs/cgroup/user.slice/job.scope/memory.max", "max\n"),
                (&limit, "4294967296\n"),
                (&used, "2147483648\n"),
                (&stat, "anon 5\ninactive_file 1073741824\n"),
            ];
            assert_eq!(available(&files).memory, Some(3 * GIB), "{limit}");
        }
    }

    /// In a container of its own namespace the path is `/`; in another one the mount shows where the
    /// group is.
    #[test]
    fn the_group_of_a_container() {
        for (path, mounted) in [("/", "/"), ("/docker/abc", "/docker/abc"), ("/../x", "/")] {
            let own = format!("0::{path}\n");
            let mount = format!("35 25 0:30 {mounted} /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
            let files = [
                MEMINFO,
                ("proc/self/cgroup", own.as_str()),
                ("proc/self/mountinfo", mount.as_str()),
                ("sys/fs/cgroup/memory.max", "2147483648"),
                ("sys/fs/cgroup/memory.current", "0"),
            ];
            assert_eq!(available(&files).memory, Some(2 * GIB), "{path} {mounted}");
        }
    }

    #[test]
    fn version_1() {
        for folder in ["batch/job", "batch"] {
            let file = |name: &str| format!("sys/fs/cgroup/memory/{folder}/{name}");
            let unlimited = "sys/fs/cgroup/memory/memory.limit_in_bytes";
            let files = [
                MEMINFO,
                (
                    "proc/self/cgroup",
                    "5:cpu,cpuacct:/other\n4:memory:/batch/job\n",
                ),
                (
                    "proc/self/mountinfo",
                    "40 35 0:35 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n\
                     41 35 0:36 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
                ),
                (unlimited, "9223372036854771712"),
                ("sys/fs/cgroup/memory/memory.usage_in_bytes", "0"),
                (&file("memory.limit_in_bytes"), "3221225472\n"),
                (&file("memory.usage_in_bytes"), "1073741824\n"),
                (&file("memory.stat"), "inactive_file 7\n"),
            ];
            assert_eq!(available(&files).memory, Some(2 * GIB), "{folder}");
        }
    }

    #[test]
    fn the_address_space() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max data size             unlimited            unlimited            bytes\n\
                      Max address space         8589934592           unlimited            bytes\n";
        let status = "Name:\tx\nVmPeak:\t 9 kB\nVmSize:\t 1048576 kB\nVmData:\t 2097152 kB\n";
        let address = available(&[("proc/self/limits", limits), ("proc/self/status", status)]);
        assert_eq!(address.address_space, Some(7 * GIB));
        let limits = limits.replace("unlimited            unlimited", "4294967296 unlimited");
        let files = [("proc/self/limits", &*limits), ("proc/self/status", status)];
        assert_eq!(available(&files).address_space, Some(2 * GIB));
    }

    #[test]
    fn promises() {
        let mode = |mode| available(&[MEMINFO, ("proc/sys/vm/overcommit_memory", mode)]);
        assert_eq!(mode("0\n").address_space, None);
        assert_eq!(mode("2\n").address_space, Some(6 * GIB));
    }
}
