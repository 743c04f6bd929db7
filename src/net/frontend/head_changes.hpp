// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/routing/path_rule.hpp"
#include "core/settings.hpp"
#include "net/http1/edit_fields.hpp"
#include "net/http1/forward.hpp"
#include "net/http1/own_reply.hpp"
#include "net/http1/undo_rewrite.hpp"
#include "net/http1/varying_rules.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::net {

/// What a request becomes. Scratch of a worker: of use until the head has been
/// written.
struct changed_request {
  http1::filled_rules filled;
  std::string target; ///< the path that the head has now, and its query
  std::string values; ///< of fields that were replaced
  std::string readings;

  /// Lets a head be written so.
  void apply(http1::forward_context& to) const noexcept;
};

/// What the response becomes, as far as it is known when the request comes; the
/// exchange keeps it.
struct changed_response {
  http1::filled_rules filled; ///< with `server_mark` for the server
  http1::rewrite_facts rewrite;
  bool is_filled = false;

  void clear() noexcept;
  /// Puts the server's name where its mark is.
  void name_server(std::string_view name);
};

/// Where values of a received response go that have changed.
struct changed_values {
  std::array<std::string, 2> stores;
};

/// What one route changes in heads and is not the same for every request:
/// header rules with variables or regexes, rewrites, and what undoes these in
/// responses (rule 120). It belongs to one worker, as each regex does.
class head_changes {
public:
  head_changes(const http_settings& frontend, const route_settings& route);

  /// Whether there is nothing of that kind.
  bool empty() const noexcept { return empty_; }

  enum class outcome : uint8_t {
    done,
    bad_host, ///< what the host is rewritten to is none
    too_long,
  };

  /// Gives a request another target and other values of fields, and fills in
  /// what is written in its head and in that of the response.
  /// @param head Its texts lie in `to` afterwards where they have changed.
  /// @param from Of the same head, as the client sent it.
  outcome change(http1::request_head& head,
                 const routing::variable_values& from, changed_request& to,
                 changed_response& later) const;

  /// For a response to a request of which no more than this is known.
  /// @returns whether it is filled: not if it becomes too long.
  bool fill_response(const routing::variable_values& from,
                     changed_response& to) const;

  /// Gives fields of a server's response other values, and lets it be written
  /// so. @pre `with` is filled.
  void change(http1::response_head& head, const changed_response& with,
              changed_values& to, http1::response_context& context) const;

  /// The rules for a reply of our own. @pre `with` is filled.
  http1::response_rules rules_of(const http1::field_rules& fields,
                                 const changed_response& with) const noexcept;

private:
  outcome rewrite(http1::request_head& head,
                  const routing::variable_values& from, changed_request& to,
                  http1::rewrite_facts& facts) const;
  bool undoes() const noexcept;
  http1::edit undo(const http1::field& x, const http1::rewrite_facts& facts,
                   std::string& to) const;

  http1::varying_rules request_;
  http1::varying_rules response_;
  routing::path_rule path_;
  routing::text_template host_;
  rewrite_response_settings undo_;
  bool rewrites_ = false;
  bool empty_ = true;
};

} // namespace troupe::net
