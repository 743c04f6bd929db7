// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The one line that each side sends before BASP, inside TLS where there is
/// TLS: its identity, or the reason of a refusal. It gives refusals a text that
/// people understand, and links without TLS their peer's name.
namespace troupe::net::cluster {

/// "TROUPE/1 hello CLUSTER NODE" from the dialling side, "TROUPE/1 welcome
/// CLUSTER NODE" or "TROUPE/1 refused TEXT" from the accepting one.
struct preamble {
  enum class word : uint8_t { hello, welcome, refused };
  word kind = word::hello;
  std::string cluster;
  std::string node;
  std::string text; ///< of a refusal
  bool operator==(const preamble&) const = default;
};

/// Longest line, its end included.
inline constexpr size_t preamble_bytes_max = 1'024;

/// The beginning of every line of this program.
inline constexpr std::string_view preamble_version = "TROUPE/1";

/// The line with its end. A refusal's text is cut to fit.
std::string to_line(const preamble& x);

/// Reads a line without its end. @returns nothing if it is none of the three.
std::optional<preamble> read_preamble(std::string_view line);

/// The version a line is of, such as "TROUPE/2", if it is a preamble of another
/// version; else empty.
std::string other_version(std::string_view line);

/// `text` with everything but printable ASCII replaced, and cut: what a peer
/// says goes to logs and terminals.
std::string printable(std::string_view text, size_t bytes_max = 500);

/// The names of a certificate in one printable line; "nobody" if it has none.
std::string listed(const std::vector<std::string>& names);

} // namespace troupe::net::cluster
