// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/routing/answer.hpp"
#include "core/routing/conditions.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// The checked configuration as plain data: what a file says, with every
/// default filled in. `config/` makes it, all other layers only read it.
/// All structs compare by value, so a reload can tell what changed.
namespace troupe {

enum class protocol : uint8_t { http, tcp };

enum class algorithm : uint8_t {
  round_robin,
  weighted,
  least_connections,
  ip_hash,
  random,
  p2c,
};

enum class log_format : uint8_t { text, json };

enum class log_level : uint8_t { trace, debug, info, warn, error };

struct log_settings {
  log_level level = log_level::info;
  log_format format = log_format::text;
  bool operator==(const log_settings&) const = default;
};

struct access_log_settings {
  std::string path; ///< "" is off, "-" is standard output
  log_format format = log_format::json;
  bool operator==(const access_log_settings&) const = default;
};

struct global_settings {
  unsigned workers = 0; ///< 0 means auto: the processors this process may use
  milliseconds drain_timeout{30'000};
  milliseconds stop_delay{0};
  uint64_t buffers_max = 256ull << 20; ///< bytes
  std::string state_dir = "/var/lib/troupe";
  std::string user;
  bool core_dumps = false; ///< else keys and tokens stay out of them
  log_settings log;
  access_log_settings access_log;
  bool operator==(const global_settings&) const = default;
};

enum class token_role : uint8_t { read, operate };

struct token_settings {
  std::string file;
  token_role role = token_role::read;
  bool operator==(const token_settings&) const = default;
};

struct admin_settings {
  std::string socket = "/run/troupe/admin.sock";
  std::string listen; ///< "" is off, else "host:port"
  std::vector<token_settings> tokens;
  bool insecure = false;
  bool operator==(const admin_settings&) const = default;
};

struct metrics_settings {
  std::string listen = "127.0.0.1:9090"; ///< "" is off
  bool operator==(const metrics_settings&) const = default;
};

enum class check_type : uint8_t { tcp, http };

/// Inclusive range of HTTP status codes.
struct status_range {
  unsigned first = 200;
  unsigned last = 399;
  bool operator==(const status_range&) const = default;
};

struct passive_settings {
  unsigned failures = 5; ///< in a row, >= 1
  milliseconds cooldown{
    30'000}; ///< times the number of ejections, at most 300 s
  bool count_5xx = false;
  bool operator==(const passive_settings&) const = default;
};

struct check_settings {
  bool enabled = true; ///< false: no active check
  check_type type = check_type::tcp;
  std::string method = "GET";
  std::string path = "/";
  std::string host;  ///< "" means the server's address
  uint16_t port = 0; ///< 0 means the server's port
  std::vector<status_range> expect_status{status_range{}};
  milliseconds interval{2'000};
  milliseconds timeout{1'000};
  unsigned rise = 2; ///< >= 1
  unsigned fall = 3; ///< >= 1
  passive_settings passive;
  bool operator==(const check_settings&) const = default;
};

/// What stands instead of each match of a regex. In `to`, `\1` is what the
/// first group holds, `\0` the whole match; it may have variables (rule 120).
struct substitution_settings {
  std::string match; ///< "" is none
  std::string to;
  bool operator==(const substitution_settings&) const = default;
};

/// What becomes of header fields, in this order: some are removed, some set
/// (instead of those that came), some added to those that came, and values
/// replaced. Names compare without case; values may have variables (rule 120).
struct header_rules {
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::string> remove;
  std::vector<std::pair<std::string, std::string>> add = {};
  std::vector<std::pair<std::string, substitution_settings>> replace = {};
  bool empty() const noexcept {
    return set.empty() && remove.empty() && add.empty() && replace.empty();
  }
  bool operator==(const header_rules&) const = default;
};

/// A file that is read with the configuration, so that what it holds is part of
/// it: up to 64 KiB, which are sent as they are.
struct page_settings {
  std::string file; ///< "" is none
  std::string content;
  bool operator==(const page_settings&) const = default;
};

/// The treatment of a client's field with an underscore in its name, which
/// servers with an interface like CGI read as a dash.
enum class underscores : uint8_t { pass, drop, refuse };

struct http_settings {
  milliseconds timeout_header{10'000};
  milliseconds timeout_keep_alive{60'000};
  milliseconds timeout_idle{60'000};
  milliseconds timeout_body{0}; ///< of a request's, in all; 0 is no limit
  uint32_t min_body_rate = 512; ///< bytes a second; 0 is none
  uint32_t max_header_bytes = 16'384;
  uint32_t max_headers = 100;
  uint64_t max_body_bytes = 0; ///< 0 is no limit
  /// "10.0.0.0/8", "::1", "unix:"; checked
  std::vector<std::string> trusted_proxies;
  troupe::underscores underscores = troupe::underscores::pass;
  header_rules request_headers;
  header_rules response_headers;
  routing::ambiguous_paths ambiguous_paths = routing::ambiguous_paths::refuse;
  bool operator==(const http_settings&) const = default;
};

struct tcp_settings {
  milliseconds timeout_idle{3'600'000};
  bool operator==(const tcp_settings&) const = default;
};

/// The file of a Unix socket that a frontend listens on.
struct unix_socket_settings {
  uint32_t mode = 0666; ///< users who may write may connect
  std::string owner;    ///< name or number; "" is the user that binds it
  std::string group;
  bool operator==(const unix_socket_settings&) const = default;
};

/// Where a redirect leads. What is "" or 0 is as in the request; texts may have
/// variables (rule 120).
struct redirect_settings {
  unsigned status = 308;
  std::string scheme;
  std::string host;
  uint16_t port = 0; ///< 0 is the scheme's own
  std::string path;
  std::string path_prefix; ///< instead of the prefix that matched
  substitution_settings path_regex = {};
  bool operator==(const redirect_settings&) const = default;
};

/// What a server gets instead of what the client asked for; "" is the same.
/// Texts may have variables (rule 120). At most one of the three for paths.
struct rewrite_settings {
  std::string path;
  std::string path_prefix; ///< instead of the prefix that matched
  substitution_settings path_regex;
  std::string host;
  bool operator==(const rewrite_settings&) const = default;
};

/// What of a rewrite is undone in responses.
struct rewrite_response_settings {
  bool location = true; ///< in Location and Content-Location
  /// In the attributes Domain and Path of cookies: from what to what.
  std::vector<std::pair<std::string, std::string>> cookie_domain;
  std::vector<std::pair<std::string, std::string>> cookie_path;
  bool operator==(const rewrite_response_settings&) const = default;
};

/// An answer without a server. Texts may have variables (rule 120).
struct respond_settings {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  page_settings page; ///< instead of `body`
  std::vector<std::pair<std::string, std::string>> headers;
  bool operator==(const respond_settings&) const = default;
};

/// A backend's share of a route's requests.
struct split_settings {
  std::string backend;
  unsigned weight = 1;
  bool operator==(const split_settings&) const = default;
};

/// One of a frontend's routes: which requests or streams take it, where it
/// leads, and what it does otherwise than its frontend and its backend say.
struct route_settings {
  std::string name; ///< "" for one without a name
  routing::conditions match;
  std::string backend; ///< or one of these three:
  std::vector<split_settings> split;
  std::optional<redirect_settings> redirect;
  std::optional<respond_settings> respond;
  std::optional<troupe::algorithm> algorithm;
  std::optional<rewrite_settings> rewrite;
  rewrite_response_settings rewrite_response;
  header_rules request_headers; ///< behind those of the frontend
  header_rules response_headers;
  std::optional<milliseconds> timeout_response;
  std::optional<milliseconds> timeout_idle;
  std::optional<unsigned> retries_max;
  std::optional<uint64_t> max_body_bytes;
  bool operator==(const route_settings&) const = default;
};

struct frontend_settings {
  std::string name;
  std::string listen; ///< "0.0.0.0:8080", "[::]:8080" or "unix:/path"
  /// `listen` is "[::]:port" and no other listener of this file has an IPv4
  /// address with that port: it takes IPv4 too. Not a key of its own.
  bool ipv4_too = false;
  unix_socket_settings unix_socket;
  troupe::protocol protocol = protocol::http;
  std::vector<route_settings> routes; ///< the first that matches
  std::string backend;                ///< where no route matches; "" is nowhere
  troupe::algorithm algorithm = algorithm::round_robin;
  uint32_t max_connections = 0;       ///< on this node; 0 is no limit
  milliseconds tcp_keepalive{60'000}; ///< 0 is off
  /// How long the kernel keeps a client to itself that says nothing; 0 is off.
  milliseconds defer_accept{0};
  http_settings http;
  tcp_settings tcp;
  /// By the status of an answer that troupe itself gives.
  std::vector<std::pair<unsigned, page_settings>> error_pages;
  bool operator==(const frontend_settings&) const = default;
};

/// A route's own word on the algorithm counts before its backend's, and that
/// before its frontend's.
constexpr algorithm chosen_algorithm(std::optional<algorithm> route,
                                     std::optional<algorithm> backend,
                                     algorithm frontend) noexcept {
  return route.value_or(backend.value_or(frontend));
}

struct server_settings {
  std::string name;
  std::string address; ///< "host:port", "[IPv6]:port" or "unix:/path"
  unsigned weight = 1; ///< 1..1000
  bool backup = false;
  uint32_t max_connections = 0; ///< 0 is no limit
  bool operator==(const server_settings&) const = default;
};

/// Whose connections to servers a request may go over.
enum class pool_reuse : uint8_t {
  always, ///< any idle one
  safe,   ///< a client connection's first request opens one of its own
};

struct pool_settings {
  /// Per worker and server; unset (`auto`): as many as were busy at once
  /// lately.
  std::optional<uint32_t> idle_max;
  pool_reuse reuse = pool_reuse::always;
  milliseconds idle_timeout{30'000};
  bool operator==(const pool_settings&) const = default;
};

struct queue_settings {
  uint32_t size = 1024;
  milliseconds timeout{5'000};
  bool operator==(const queue_settings&) const = default;
};

/// The treatment of requests and streams on a server that goes down.
enum class down_action : uint8_t { finish, close };

/// The treatment of streams on backups when another server is usable again.
enum class up_action : uint8_t { keep, close_backups };

/// Which healthy backups serve when no other server does.
enum class backup_use : uint8_t { all, one };

struct backend_settings {
  std::string name;
  std::vector<server_settings> servers;
  std::optional<troupe::algorithm> algorithm;
  down_action on_down = down_action::finish;
  up_action on_up = up_action::keep;
  backup_use backups = backup_use::all;
  /// The state of a server before its first probe: true means up.
  bool initially_up = true;
  milliseconds tcp_keepalive{60'000}; ///< 0 is off
  check_settings health_check; ///< defaults of the file already merged in
  milliseconds timeout_connect{3'000};
  milliseconds timeout_response{30'000}; ///< to the first byte
  pool_settings pool;
  unsigned retries_max = 2;
  queue_settings queue;
  milliseconds slow_start{0};
  unsigned panic_threshold = 0; ///< percent
  bool operator==(const backend_settings&) const = default;
};

struct node_settings {
  std::string name;    ///< also the name in its certificate (SAN)
  std::string address; ///< "host:port" or "[IPv6]:port", for its peers
  bool operator==(const node_settings&) const = default;
};

/// Files in PEM format, absolute or relative to the working directory.
struct tls_settings {
  std::string ca;
  std::string certificate;
  std::string key;
  bool operator==(const tls_settings&) const = default;
};

/// Either `tls` or `insecure`, never both, when there are nodes.
struct cluster_settings {
  std::string name;
  std::string listen; ///< "0.0.0.0:7946" or "[::]:7946"
  std::vector<node_settings> nodes;
  std::optional<tls_settings> tls;
  bool insecure = false;
  bool enabled() const noexcept { return !nodes.empty(); }
  bool operator==(const cluster_settings&) const = default;
};

struct settings {
  unsigned version = 1;
  global_settings global;
  admin_settings admin;
  metrics_settings metrics;
  std::vector<frontend_settings> frontends;
  std::vector<backend_settings> backends;
  cluster_settings cluster;
  bool operator==(const settings&) const = default;
};

} // namespace troupe
