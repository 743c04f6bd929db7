// SPDX-License-Identifier: BSD-3-Clause
#include "os/service_user.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <deque>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <pwd.h>
#include <stdexcept>
#include <string_view>
#include <sys/stat.h>
#include <vector>

namespace troupe::os {

namespace {

constexpr unsigned links_max = 40; // as in Linux
constexpr int log_flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC
                        | O_NOCTTY
                        // A pipe without a reader is an error, not a hang.
                        | O_NONBLOCK;
constexpr int read_flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

std::string error_text() { return std::strerror(errno); }

std::string link_text(const std::string& name) {
  return "others than root could have made the symbolic link \"" + name
       + "\" on the way; let root own it and its directory, or write the path "
         "without it";
}

std::deque<std::string> components(std::string_view path) {
  std::deque<std::string> result;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    if (end > 0)
      result.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return result;
}

/// What a path is walked for.
enum class purpose : uint8_t {
  reading, ///< links are followed, also in the last place
  writing, ///< the last place is for whoever opens it; no planted link before
  making,  ///< as writing; directories before it are made
};

/// Goes down a path one directory at a time, and sees each link.
class walk {
public:
  walk(const std::string& path, purpose why)
    : rest_(components(path)), why_(why) {
    enter_root(path.starts_with('/'));
    while (fault_.empty() && (rest_.size() > 1 || leads_on()))
      step();
    if (fault_.empty() && rest_.empty())
      fault_ = "is a directory";
  }

  /// Why it came to no directory, "" if it did.
  const std::string& fault() const noexcept { return fault_; }
  /// A link that others than root could have made, followed for reading.
  const std::string& planted() const noexcept { return planted_; }
  int directory() const noexcept { return directory_.get(); }
  const char* name() const noexcept { return rest_.front().c_str(); }

private:
  void enter_root(bool absolute) {
    directory_ =
      owned_fd{::open(absolute ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!directory_.ok())
      fault_ = error_text();
  }

  /// Whether what is last is a link that is to be followed.
  bool leads_on() const {
    struct stat found {};
    return why_ == purpose::reading && !rest_.empty()
        && ::fstatat(directory_.get(), name(), &found, AT_SYMLINK_NOFOLLOW) == 0
        && S_ISLNK(found.st_mode);
  }

  owned_fd open_next() const {
    return owned_fd{
      ::openat(directory_.get(), name(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
  }

  void step() {
    auto next = open_next();
    if (!next.ok() && errno == ENOENT && why_ == purpose::making
        && ::mkdirat(directory_.get(), name(), 0755) == 0)
      next = open_next();
    struct stat found {};
    if (!next.ok() || ::fstat(next.get(), &found) != 0)
      fault_ = error_text();
    else if (S_ISLNK(found.st_mode))
      follow(next.get(), found);
    else if (!S_ISDIR(found.st_mode))
      fault_ = std::strerror(ENOTDIR);
    else {
      directory_ = std::move(next);
      rest_.pop_front();
    }
  }

  void follow(int link, const struct stat& found) {
    std::array<char, PATH_MAX> text{};
    const auto size = ::readlinkat(link, "", text.data(), text.size());
    if (size <= 0 || ++links_ > links_max) {
      fault_ = size <= 0 ? error_text() : std::strerror(ELOOP);
      return;
    }
    if (!is_roots(found) && planted_.empty()) {
      planted_ = rest_.front();
      if (why_ != purpose::reading) {
        fault_ = link_text(planted_);
        return;
      }
    }
    rest_.pop_front();
    const std::string_view target{text.data(), static_cast<size_t>(size)};
    if (target.starts_with('/'))
      enter_root(true);
    const auto more = components(target);
    rest_.insert(rest_.begin(), more.begin(), more.end());
  }

  /// Whether root alone can have made a link of the directory at hand.
  bool is_roots(const struct stat& link) const {
    struct stat directory {};
    return link.st_uid == 0 && ::fstat(directory_.get(), &directory) == 0
        && directory.st_uid == 0
        && ((directory.st_mode & (S_IWGRP | S_IWOTH)) == 0
            || (directory.st_mode & S_ISVTX) != 0);
  }

  std::deque<std::string> rest_;
  const purpose why_;
  owned_fd directory_;
  std::string fault_;
  std::string planted_;
  unsigned links_ = 0;
};

/// What may be given to the user: nobody else's, and by no second name, which
/// would be a hard link to a file that lies elsewhere.
std::string check_owner(const struct stat& found, const service_user& user) {
  if (found.st_uid != 0 && found.st_uid != user.uid)
    return "belongs to uid " + std::to_string(found.st_uid)
         + ", expected root or " + user.name + " (global.user)";
  if (!S_ISDIR(found.st_mode) && found.st_nlink > 1)
    return "has more than one name (hard links), expected a file of its own";
  return {};
}

std::string give(int fd, const struct stat& found, const service_user& user) {
  if (auto fault = check_owner(found, user); !fault.empty())
    return fault;
  if (found.st_uid == user.uid && found.st_gid == user.gid)
    return {};
  return ::fchownat(fd, "", user.uid, user.gid, AT_EMPTY_PATH) == 0
         ? ""
         : "cannot be given to " + user.name + ": " + error_text();
}

std::string describe_open_error() {
  return errno == ELOOP ? "is a symbolic link; name the file that it leads to"
                        : error_text();
}

/// The descriptor of this process that a path means, if it means one.
std::optional<int> standard_stream(const std::string& path) {
  if (path == "-" || path == "/dev/stdout")
    return STDOUT_FILENO;
  if (path == "/dev/stderr")
    return STDERR_FILENO;
  return std::nullopt;
}

std::string make_users_log(int fd, const service_user& user) {
  struct stat found {};
  if (::fstat(fd, &found) != 0)
    return error_text();
  if (S_ISCHR(found.st_mode))
    return {};
  if (!S_ISREG(found.st_mode) && !S_ISFIFO(found.st_mode))
    return "expected a file";
  return give(fd, found, user);
}

/// Names in a directory, but for "." and "..".
std::vector<std::string> names_in(int directory) {
  std::vector<std::string> result;
  const int fd = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing{
    fd < 0 ? nullptr : ::fdopendir(fd), ::closedir};
  if (listing == nullptr)
    return result;
  while (const auto* entry = ::readdir(listing.get()))
    if (const std::string_view name{entry->d_name}; name != "." && name != "..")
      result.emplace_back(name);
  return result;
}

/// @returns why a file of the directory cannot be the user's; "" when all that
/// has to be is. Links and whatever else is no file stay, unused, as they are.
std::string give_files(int directory, const service_user& user) {
  for (const auto& name : names_in(directory)) {
    const owned_fd file{
      ::openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
    struct stat found {};
    if (!file.ok() || ::fstat(file.get(), &found) != 0
        || !S_ISREG(found.st_mode))
      continue;
    if (auto fault = give(file.get(), found, user); !fault.empty())
      return "holds \"" + name + "\", which " + fault;
  }
  return {};
}

} // namespace

std::optional<service_user> user_to_become(const std::string& name) {
  if (name.empty() || ::geteuid() != 0)
    return std::nullopt;
  const auto* entry = ::getpwnam(name.c_str());
  if (entry == nullptr)
    throw std::runtime_error{"global.user: there is no user \"" + name + "\""};
  return service_user{name, entry->pw_uid, entry->pw_gid};
}

opening<owned_fd> open_to_read(const std::string& path, user_ptr user) {
  owned_fd file;
  std::string planted;
  if (user == nullptr) {
    file = owned_fd{::open(path.c_str(), read_flags)};
  } else {
    const walk way{path, purpose::reading};
    if (!way.fault().empty())
      return "cannot be read: " + way.fault();
    planted = way.planted();
    file =
      owned_fd{::openat(way.directory(), way.name(), read_flags | O_NOFOLLOW)};
  }
  struct stat found {};
  if (!file.ok() || ::fstat(file.get(), &found) != 0)
    return "cannot be read: " + error_text();
  if (!S_ISREG(found.st_mode))
    return std::string{"expected a file"};
  if (!planted.empty() && found.st_uid != user->uid)
    return "cannot be read: " + link_text(planted);
  return file;
}

std::string read_file(const std::string& path, size_t bytes_max, user_ptr user,
                      std::string& to) {
  const auto file = open_to_read(path, user);
  if (!file)
    return file.error();
  to.resize(bytes_max + 1);
  size_t size = 0;
  while (size < to.size()) {
    const auto n = ::read(file->get(), to.data() + size, to.size() - size);
    if (n == 0)
      break;
    if (n < 0 && errno != EINTR)
      return "cannot be read: " + error_text();
    size += static_cast<size_t>(std::max<ssize_t>(n, 0));
  }
  if (size > bytes_max)
    return "holds more than " + std::to_string(bytes_max) + " bytes";
  to.resize(size);
  return {};
}

opening<owned_fd> open_log(const std::string& path, user_ptr user) {
  if (const auto stream = standard_stream(path)) {
    owned_fd copy{::fcntl(*stream, F_DUPFD_CLOEXEC, 3)};
    return copy.ok() ? opening<owned_fd>{std::move(copy)} : error_text();
  }
  if (user == nullptr) {
    owned_fd file{::open(path.c_str(), log_flags, 0640)};
    return file.ok() ? opening<owned_fd>{std::move(file)} : error_text();
  }
  const walk way{path, purpose::writing};
  if (!way.fault().empty())
    return way.fault();
  owned_fd file{
    ::openat(way.directory(), way.name(), log_flags | O_NOFOLLOW, 0640)};
  if (!file.ok())
    return describe_open_error();
  if (auto fault = make_users_log(file.get(), *user); !fault.empty())
    return fault;
  return file;
}

opening<owned_fd> open_directory(const std::string& path,
                                 const service_user& user) {
  const walk way{path, purpose::making};
  if (!way.fault().empty())
    return "cannot be made: " + way.fault();
  if (::mkdirat(way.directory(), way.name(), 0700) != 0 && errno != EEXIST)
    return "cannot be made: " + error_text();
  owned_fd directory{::openat(way.directory(), way.name(),
                              O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!directory.ok())
    return errno == ENOTDIR ? "is not a directory, or a symbolic link to one"
                            : describe_open_error();
  struct stat found {};
  if (::fstat(directory.get(), &found) != 0)
    return error_text();
  if (auto fault = give(directory.get(), found, user); !fault.empty())
    return fault;
  if (auto fault = give_files(directory.get(), user); !fault.empty())
    return fault;
  return directory;
}

std::string check_parents(const std::string& path) {
  return walk{path, purpose::writing}.fault();
}

std::string give_socket(const std::string& path, const service_user& user) {
  const walk way{path, purpose::writing};
  if (!way.fault().empty())
    return way.fault();
  const owned_fd file{
    ::openat(way.directory(), way.name(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
  struct stat found {};
  if (!file.ok() || ::fstat(file.get(), &found) != 0)
    return error_text();
  return S_ISSOCK(found.st_mode) ? give(file.get(), found, user)
                                 : "is not the socket that was made there";
}

} // namespace troupe::os
