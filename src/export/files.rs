//! What a file is called whose lock was waited for: its path, as long as it is open.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use crate::record::File;

/// What files are called that were closed during the wait.
const CLOSED: &str = "[closed files]";

/// Its path, if its descriptor still leads to it; else its device and inode, as `stat`
/// and `find -inum` know them.
pub(crate) fn name_of(file: File) -> String {
    if file.inode == 0 {
        return CLOSED.to_owned();
    }
    path_of(file).unwrap_or_else(|| {
        let (major, minor) = (libc::major(file.device), libc::minor(file.device));
        format!("file {major}:{minor}:{}", file.inode)
    })
}

fn path_of(file: File) -> Option<String> {
    let link = format!("/proc/self/fd/{}", file.descriptor);
    let path = fs::read_link(&link).ok()?;
    // Through the link, not by the path: that may be another file by now.
    let found = fs::metadata(&link).ok()?;
    let is_it = (found.dev(), found.ino()) == (file.device, file.inode);
    is_it.then(|| path.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd as _;

    use super::*;

    #[test]
    fn a_file_has_its_path_while_it_is_open_and_its_numbers_afterwards() {
        let path = std::env::current_exe().unwrap();
        let open = fs::File::open(&path).unwrap();
        let status = open.metadata().unwrap();
        let file = File {
            device: status.dev(),
            inode: status.ino(),
            descriptor: open.as_raw_fd(),
        };
        assert_eq!(name_of(file), path.to_string_lossy());
        let other = File {
            inode: status.ino() + 1,
            ..file
        };
        let ending = format!(":{}", other.inode);
        for gone in [
            other,
            File {
                descriptor: -1,
                ..other
            },
        ] {
            let name = name_of(gone);
            assert!(
                name.starts_with("file ") && name.ends_with(&ending),
                "{name}"
            );
        }
    }
}
