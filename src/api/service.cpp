// SPDX-License-Identifier: BSD-3-Clause
#include "api/service.hpp"

#include "actors/events/log.hpp"
#include "api/dashboard.hpp"
#include "api/json.hpp"
#include "api/operations.hpp"
#include "core/one_line.hpp"

#include <caf/send.hpp>

#include <boost/algorithm/string/predicate.hpp>
#include <fmt/format.h>

#include <utility>

namespace troupe::actors {

namespace {

/// Of a request that may have one: a configuration.
constexpr uint64_t body_bytes_max = 1 << 20;
/// Of a path, in the log.
constexpr size_t path_bytes_max = 200;

std::string_view challenge_of(const admin::request& x, unsigned status) {
  if (status == 403)
    return R"(Bearer realm="troupe", error="insufficient_scope")";
  return x.authorization.empty()
         ? R"(Bearer realm="troupe")"
         : R"(Bearer realm="troupe", error="invalid_token")";
}

admin::decision refusal(const api::refusal& x) {
  auto response = api::error(x.status, x.text);
  if (!x.allow.empty())
    response.fields.emplace_back("Allow", x.allow);
  return {std::move(response)};
}

} // namespace

admin_service::admin_service(boost::asio::io_context& loop,
                             std::vector<access_token> tokens,
                             silence_function silence)
  : tokens_(std::move(tokens)), silence_(std::move(silence)),
    scrapes_(std::make_shared<scrape_service>(loop)) {}

void admin_service::close() {
  actor_ = nullptr;
  scrapes_->close();
}

// -- heads --------------------------------------------------------------------

admin::decision admin_service::on_api(const admin::request& x) {
  auto by = check_access(x, tokens_);
  if (by.status != 200)
    return refuse(x, by);
  if (const auto wrong = api::check_head(x, api_door::admin))
    return refusal(*wrong);
  admin::decision result;
  result.body_bytes_max = body_bytes_max;
  result.trusted = true;
  result.handle = [self = shared_from_this(), by = std::move(by)](
                    const admin::request& whole, admin::responder reply) {
    self->call(whole, api_door::admin, by, std::move(reply));
  };
  return result;
}

admin::decision admin_service::on_pages_and_api(const admin::request& x) {
  if (auto page = admin::dashboard(x))
    return {std::move(page)};
  return on_api(x);
}

admin::decision admin_service::on_metrics(const admin::request& x,
                                          bool loopback) {
  if (loopback && may_be_rebound(x.host))
    return refusal({421,
                    "metrics.listen is a loopback address, so it answers "
                    "to an IP address, to localhost and to names without a dot "
                    "only: a web page could have made another name lead here",
                    {}});
  if (const auto wrong = api::check_head(x, api_door::metrics))
    return refusal(*wrong);
  admin::decision result;
  result.handle = [self = shared_from_this()](const admin::request& whole,
                                              admin::responder reply) {
    self->call(whole, api_door::metrics, {200, {}, whole.peer},
               std::move(reply));
  };
  return result;
}

/// Strangers must fill no log: once a minute each, and cut.
admin::decision admin_service::refuse(const admin::request& x,
                                      const access& by) {
  if (const auto untold = refusals_.note(x.source, clock::now()))
    log::warn("admin: {} {} from {} refused: {}{}", x.method,
              one_line(x.path, path_bytes_max), x.peer, by.text,
              *untold == 0
                ? ""
                : fmt::format(" ({} more from there since the last such line)",
                              *untold));
  auto response = api::error(by.status, by.text);
  response.fields.emplace_back("WWW-Authenticate", challenge_of(x, by.status));
  return {std::move(response)};
}

bool may_be_rebound(std::string_view host) {
  if (host.starts_with('['))
    return false;
  host = host.substr(0, host.find(':'));
  if (host.ends_with('.'))
    host.remove_suffix(1);
  return host.find('.') != std::string_view::npos
      && !endpoint::parse_ip(host, 0)
      && !boost::algorithm::iends_with(host, ".localhost");
}

// -- whole requests -----------------------------------------------------------

void admin_service::call(const admin::request& x, api_door door, access by,
                         admin::responder reply) {
  auto wanted = std::make_shared<const api::parsed>(api::parse(x, door));
  if (std::holds_alternative<api::get_health>(wanted->what))
    return reply(health());
  if (std::holds_alternative<api::get_ready>(wanted->what))
    return reply(ready());
  if (std::holds_alternative<api::get_metrics>(wanted->what))
    return scrape(x, door, std::move(by), std::move(reply));
  pass_on({std::make_shared<const admin::request>(x), door, std::move(by.who),
           std::move(reply), by.role, std::move(wanted)});
}

void admin_service::scrape(const admin::request& x, api_door door, access by,
                           admin::responder reply) {
  scrapes_->scrape(std::move(reply), [weak = weak_from_this(),
                                      request =
                                        std::make_shared<const admin::request>(
                                          x),
                                      door, who = std::move(by.who)](
                                       admin::responder to) {
    if (const auto self = weak.lock())
      self->pass_on({request, door, who, std::move(to), token_role::read, {}});
  });
}

void admin_service::pass_on(api_call call) {
  if (actor_)
    caf::anon_send(actor_, std::move(call));
  else
    call.reply(api::error(503, "this node is starting or stopping"));
}

admin::response admin_service::health() const {
  return is_stuck() ? api::plain(503, "the control loop does not run\n")
                    : api::plain(200, "ok\n");
}

admin::response admin_service::ready() const {
  if (is_stuck())
    return health();
  return readiness_.ready ? api::plain(200, "ready\n")
                          : api::plain(503, readiness_.why + "\n");
}

bool admin_service::is_stuck() const {
  return silence_ && silence_() > silence_max;
}

} // namespace troupe::actors
