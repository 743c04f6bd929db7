// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "os/owned_fd.hpp"

#include <boost/system/result.hpp>

#include <optional>
#include <string>
#include <sys/types.h>

/// Files that root opens for the user it is about to become (`global.user`).
///
/// Directories that this user may write to hold what this user wants: a link in
/// the place of a log leads root to any file of the system, and giving that
/// file away by its path gives away what root never meant to (CVE-2016-1247).
/// So nothing here is done by path: what was opened is looked at, then given
/// away through its descriptor. A symbolic link counts only where root alone
/// could have made it: it is root's, and so is the directory it lies in, which
/// no other user may write to (or it is sticky).
///
/// Without a user to become (not root, or root stays root) files are opened as
/// the system opens them: what a link leads to is the opener's own affair.
namespace troupe::os {

struct service_user {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

/// @param name `global.user`. @returns none when that is empty or this process
/// is not root (any more).
/// @throws std::runtime_error in one printable line: there is no such user.
std::optional<service_user> user_to_become(const std::string& name);

/// The opened file, or why it was not opened: the end of a sentence that began
/// with the path, such as "is a symbolic link; name the file itself".
template <class T>
using opening = boost::system::result<T, std::string>;
using user_ptr = const service_user*; ///< null: no user to become

/// Opens a regular file for reading; never waits, as for the writer of a pipe.
/// A link that others than root could have made may lead to the user's own
/// files only.
opening<owned_fd> open_to_read(const std::string& path, user_ptr user);

/// Puts all of a small file into `to`, read as open_to_read() says.
/// @returns why not, "" when it is there.
std::string read_file(const std::string& path, size_t bytes_max, user_ptr user,
                      std::string& to);

/// Opens a log for appending, and makes it the user's: a regular file, which is
/// created if there is none, or a pipe. Devices may be written to and stay
/// whose they are. "-", /dev/stdout and /dev/stderr are what this process has.
opening<owned_fd> open_log(const std::string& path, user_ptr user);

/// Opens a directory, made with mode 0700 if there is none, missing parents
/// too, and makes it the user's with the regular files in it.
opening<owned_fd> open_directory(const std::string& path,
                                 const service_user& user);

/// Whether a file may be made at this path: root alone decides in which
/// directory it ends up. @returns why not, "" if it may.
std::string check_parents(const std::string& path);

/// Makes the file of a Unix socket, bound before, the user's.
/// @returns why not, "" when it is.
std::string give_socket(const std::string& path, const service_user& user);

} // namespace troupe::os
