// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/interfaces.hpp"
#include "api/access.hpp"
#include "api/http/http_server.hpp"
#include "api/messages.hpp"
#include "api/scrape_service.hpp"
#include "core/time.hpp"
#include "net/cluster/refusal_limit.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace troupe::actors {

/// The part that the HTTP servers of a node share. It decides on heads, answers
/// the health pages by itself, has the metrics written, and turns the rest into
/// messages to the admin actor, so that strangers get no further than their own
/// thread. On that thread but for the constructor.
class admin_service : public std::enable_shared_from_this<admin_service> {
public:
  /// How long the control loop has not run.
  using silence_function = std::function<milliseconds()>;

  /// Until then the control loop is taken to be busy, not stuck.
  static constexpr milliseconds silence_max{10'000};

  admin_service(boost::asio::io_context& loop, std::vector<access_token> tokens,
                silence_function silence);

  void serve(admin_actor actor) { actor_ = std::move(actor); }
  void tell(readiness now) { readiness_ = std::move(now); }
  void close();

  // -- decisions on a head, one a door --
  /// The API: for clients that have the right to ask.
  admin::decision on_api(const admin::request& x);
  /// The dashboard's files hold no data, so they come before the question for a
  /// token; then as on_api().
  admin::decision on_pages_and_api(const admin::request& x);
  /// Metrics and health pages, for all clients that can connect.
  /// @param loopback The door is on a loopback address: a name in Host that
  /// could lead a browser here from a foreign page is refused.
  admin::decision on_metrics(const admin::request& x, bool loopback);

private:
  admin::decision refuse(const admin::request& x, const access& by);
  void call(const admin::request& x, api_door door, access by,
            admin::responder reply);
  void scrape(const admin::request& x, api_door door, access by,
              admin::responder reply);
  void pass_on(api_call call);
  admin::response health() const;
  admin::response ready() const;
  bool is_stuck() const;

  const std::vector<access_token> tokens_;
  const silence_function silence_;
  const std::shared_ptr<scrape_service> scrapes_;
  net::cluster::refusal_limit refusals_;
  admin_actor actor_; ///< none before serve() and after close()
  readiness readiness_{false, "starting"};
};

/// Whether a foreign page could have this name lead to a loopback
/// address (DNS rebinding): names with a dot, but not `x.localhost`.
bool may_be_rebound(std::string_view host);

} // namespace troupe::actors
