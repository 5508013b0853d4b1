//! The container we are in, as the Agent recognises it: by its id, or by the inode of its cgroup.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

const CGROUP: &str = "/proc/self/cgroup";
const CGROUP_MOUNT: &str = "/sys/fs/cgroup";
const CGROUP_NAMESPACE: &str = "/proc/self/ns/cgroup";
/// The inode of the host's own namespace; the kernel has it as a constant.
const HOST_NAMESPACE: u64 = 0xefff_fffb;
/// Of the old cgroups, which have a tree for each controller, this one counts.
const CONTROLLER: &str = "memory";

/// What is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Container {
    id: Option<String>,
    inode: Option<u64>,
}

impl Container {
    /// Reads what the kernel says.
    pub(super) fn of_this_process() -> Self {
        let cgroup = fs::read_to_string(CGROUP).unwrap_or_default();
        let id = cgroup.lines().find_map(id_in).map(str::to_owned);
        // In the host's namespace there is no container around us.
        let is_inside = inode(Path::new(CGROUP_NAMESPACE)).is_some_and(|at| at != HOST_NAMESPACE);
        let node = if is_inside { node_in(&cgroup) } else { None };
        Self {
            id,
            inode: node.and_then(|node| inode(&node)),
        }
    }

    /// The headers the Agent goes by.
    pub(super) fn headers(&self, external_env: Option<&str>) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        if let Some(id) = &self.id {
            headers.push(("datadog-container-id", id.clone()));
            headers.push(("datadog-entity-id", format!("ci-{id}")));
        } else if let Some(inode) = self.inode {
            headers.push(("datadog-entity-id", format!("in-{inode}")));
        }
        let is_plain = |text: &&str| text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if let Some(text) = external_env.filter(is_plain) {
            headers.push(("datadog-external-env", text.to_owned()));
        }
        headers
    }
}

fn inode(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|of| of.ino())
}

/// The directory of our cgroup.
fn node_in(cgroup: &str) -> Option<PathBuf> {
    let mut of_the_new = None;
    for line in cgroup.lines() {
        let mut fields = line.splitn(3, ':');
        let (_, Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let below = path.trim_start_matches('/');
        if controllers.split(',').any(|name| name == CONTROLLER) {
            return Some(Path::new(CGROUP_MOUNT).join(CONTROLLER).join(below));
        }
        if controllers.is_empty() {
            of_the_new = Some(Path::new(CGROUP_MOUNT).join(below));
        }
    }
    of_the_new
}

/// The container's id in a line `number:controllers:path`: what the path ends with,
/// up to a `.scope` and one more name.
fn id_in(line: &str) -> Option<&str> {
    let mut fields = line.splitn(3, ':');
    let number = fields.next()?;
    let path = fields.nth(1)?.trim_end_matches(' ');
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // `….scope`, or `….scope/name`.
    let above = path.rsplit_once('/').filter(|(_, name)| !name.is_empty());
    let scope = [Some(path), above.map(|(above, _)| above)]
        .into_iter()
        .flatten()
        .find_map(|path| path.strip_suffix(".scope"));
    [Some(path), scope]
        .into_iter()
        .flatten()
        .find_map(id_at_end)
}

/// The longest id that a text ends with.
fn id_at_end(text: &str) -> Option<&str> {
    let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count();
    // Of 64 hexadecimal digits; of 32 and a decimal number; two sorts of UUID.
    let mut lens = [64, 33 + digits, 36, 28];
    lens.sort_unstable_by(|a, b| b.cmp(a));
    lens.into_iter()
        .filter_map(|len| text.get(text.len().checked_sub(len)?..))
        .find(|id| is_id(id))
}

fn is_id(text: &str) -> bool {
    let is_hex = |text: &str| {
        let mut bytes = text.bytes();
        bytes.all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let groups: Vec<&str> = text.split(['-', '_']).collect();
    if let [task, number] = groups.as_slice() {
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        return task.len() == 32 && is_hex(task) && is_number && !text.contains('_');
    }
    let lens: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let has_form = match lens.as_slice() {
        [64] | [8, 4, 4, 4, 12] => true,
        [8, 4, 4, 4, 4] => !text.contains('_'),
        _ => false,
    };
    has_form && groups.into_iter().all(is_hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "8c046cb0b72cd4c99f51b5591cd5b095967f58ee003710a45280c28ee1a9c7fa";

    #[test]
    fn the_id_is_what_the_path_of_a_cgroup_ends_with() {
        for line in [
            format!("10:hugetlb:/kubepods/burstable/podfd52ef25-a87d-11e9-9423/{ID}"),
            format!("1:name=systemd:/docker/{ID}.scope"),
            format!("0::/machine.slice/libpod-{ID}.scope/container"),
            format!("1:name=systemd:/kubepods.slice/docker-{ID}.scope"),
            format!("13:name=systemd:/docker/{ID}    "),
            format!("2:cpu,cpuacct:/ecs/34dc0b5e-626f-2c5c-4c51-70e34b10e765/{ID}"),
        ] {
            assert_eq!(id_in(&line), Some(ID), "{line}");
        }
        for id in [
            "34dc0b5e-626f-2c5c-4c51-70e34b10e765",
            "34dc0b5e_626f_2c5c_4c51_70e34b10e765",
            "34dc0b5e626f2c5c4c5170e34b10e765-1234567890",
            "34dc0b5e626f2c5c4c5170e34b10e765-1",
            "6f265890-5165-7fab-6b52-18d1",
        ] {
            assert_eq!(id_in(&format!("1:x:/a/{id}")), Some(id));
        }
    }

    #[test]
    fn what_is_no_container_has_no_id() {
        for line in [
            "",
            "0::/",
            "0::/user.slice/user-0.slice/session-14.scope",
            &format!("1:x:/docker/{}", &ID[1..]),
            &format!("1:x:/docker/{}", ID.to_uppercase()),
            &format!("1:x:/docker/{ID}/more/yet"),
            &format!("1:x:/docker/{ID}.scope/"),
            &format!("x:x:/docker/{ID}"),
            &format!("/docker/{ID}"),
            "1:x:/uuid/34dc0b5e626f2c5c4c5170e34b10e765-",
            "1:x:/garden/6f26589-5165-7fab-6b52-18d1",
            "1:x:/ü-5165-7fab-6b52-18d1",
        ] {
            assert_eq!(id_in(line), None, "{line}");
        }
    }

    #[test]
    fn the_directory_is_that_of_the_memory_controller_or_of_the_one_tree() {
        for (cgroup, node) in [
            ("0::/", "/sys/fs/cgroup/"),
            ("0::/a/b\n", "/sys/fs/cgroup/a/b"),
            (
                "3:cpu:/x\n0::/y\n2:hugetlb,memory:/z:1\n",
                "/sys/fs/cgroup/memory/z:1",
            ),
        ] {
            assert_eq!(node_in(cgroup), Some(node.into()), "{cgroup}");
        }
        assert_eq!(node_in("3:cpu:/x\nnonsense"), None);
    }

    #[test]
    fn headers_say_what_is_known_and_nothing_that_would_break_them() {
        let with_both = Container {
            id: Some(ID.to_owned()),
            inode: Some(7),
        };
        assert_eq!(
            with_both.headers(Some("it-false,cn-app")),
            [
                ("datadog-container-id", ID.to_owned()),
                ("datadog-entity-id", format!("ci-{ID}")),
                ("datadog-external-env", "it-false,cn-app".to_owned()),
            ]
        );
        let with_inode = Container {
            id: None,
            inode: Some(7),
        };
        assert_eq!(
            with_inode.headers(Some("a\r\nb: c")),
            [("datadog-entity-id", "in-7".to_owned())]
        );
        assert_eq!(Container::default().headers(None), []);
    }
}
