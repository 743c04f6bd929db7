// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/routing/request_view.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::routing {

/// What variables stand for in one request.
struct variable_values {
  const request_view& request;
  std::string_view port = {}; ///< that the client named with the host, or ""
  std::string_view request_id = {};
  std::string_view frontend = {};
  std::string_view route = {};
  std::string_view node = {};
  /// Of the response's server; known in headers of responses only.
  std::string_view server = {};
};

/// Stands for `{server}` in texts that are made before there is a server: no
/// other variable brings a NUL into a line.
inline constexpr std::string_view server_mark{"\0", 1};

/// Which variables a text may have.
enum class known_variables : uint8_t { of_request, of_response };

/// Appends `text` to a path or a query: every byte is percent-encoded that is
/// neither `/` nor a pchar of RFC 3986, but for triplets.
void append_encoded(std::string_view text, std::string& to);

/// A text of a configuration with variables (rule 120): "https://{host}{path}".
/// `{` begins a variable only as `{name}` or `{name:TEXT}`, with a name of
/// lower-case letters and `_`, so JSON stays what it is.
class text_template {
public:
  text_template() = default;
  /// @param text One without a problem.
  explicit text_template(std::string_view text);

  /// What is wrong with a text; "" if nothing is.
  static std::string
  problem(std::string_view text,
          known_variables known = known_variables::of_request);

  /// A variable without a value stands for nothing.
  void append(const variable_values& from, std::string& to) const;

  /// As append(), for a line of a head: what variables stand for loses CR, LF
  /// and NUL.
  void append_line(const variable_values& from, std::string& to) const;

  /// As append(), for a path or a query: what variables stand for is
  /// percent-encoded.
  void append_encoded(const variable_values& from, std::string& to) const;

  bool empty() const noexcept { return parts_.empty(); }
  /// Whether it has a variable.
  bool varies() const noexcept;
  /// Whether a `?` stands in the text itself.
  bool names_query() const noexcept;

private:
  enum class variable : uint8_t {
    none, ///< the text itself
    client_cert_fingerprint,
    client_cert_subject,
    client_ip,
    client_port,
    cookie,
    frontend,
    header,
    host,
    method,
    node,
    path,
    port,
    query,
    request_id,
    route,
    scheme,
    server,
    sni,
    tls_cipher,
    tls_version,
  };
  struct part {
    variable what = variable::none;
    std::string text; ///< or the name of a header or cookie
  };

  static variable find_variable(std::string_view name) noexcept;
  static bool takes_name(variable x) noexcept {
    return x == variable::header || x == variable::cookie;
  }
  template <class Append>
  static void for_value(const part& x, const variable_values& from,
                        Append&& append);

  std::vector<part> parts_;
};

} // namespace troupe::routing
