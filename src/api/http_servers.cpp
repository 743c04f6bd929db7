// SPDX-License-Identifier: BSD-3-Clause
#include "api/http_servers.hpp"

#include "actors/events/log.hpp"
#include "api/access.hpp"

#include <boost/asio/post.hpp>

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace troupe::actors {

namespace {

namespace asio = boost::asio;

bool is_loopback(const std::string& address) {
  const auto parsed = endpoint::parse(address);
  const auto bytes = parsed ? parsed->ip_bytes() : std::string_view{};
  return bytes.size() == 4 ? bytes.front() == 127
                           : parsed && parsed->ip() == "::1";
}

/// @param key Of the configuration, for the error.
std::unique_ptr<admin::http_server> open(boost::asio::io_context& loop,
                                         std::string_view key,
                                         const std::string& text,
                                         admin::head_handler decide) {
  auto address = endpoint::parse(text);
  if (!address)
    throw std::runtime_error(
      fmt::format("{}: \"{}\" is not an address to listen on", key, text));
  try {
    auto server = admin::listen(loop, *address, std::move(decide));
    log::info("{} listens on {}", key, server->local_endpoint().to_string());
    return server;
  } catch (const std::exception& e) {
    throw std::runtime_error(fmt::format("{}: {}", key, e.what()));
  }
}

std::vector<access_token> read_tokens_as_started(const settings& settings) {
  const auto user = os::user_to_become(settings.global.user);
  return read_tokens(settings.admin.tokens, user ? &*user : nullptr);
}

} // namespace

admin_servers::admin_servers(boost::asio::io_context& loop,
                             const settings& settings,
                             admin_service::silence_function silence)
  : loop_(loop),
    service_(std::make_shared<admin_service>(
      loop, read_tokens_as_started(settings), std::move(silence))) {
  const auto& admin = settings.admin;
  const auto& metrics = settings.metrics.listen;
  if (!admin.socket.empty())
    local_ =
      open(loop, "admin.socket", "unix:" + admin.socket,
           [service = service_](const auto& x) { return service->on_api(x); });
  if (!admin.listen.empty())
    remote_ = open(loop, "admin.listen", admin.listen,
                   [service = service_](const auto& x) {
                     return service->on_pages_and_api(x);
                   });
  if (!metrics.empty())
    metrics_ =
      open(loop, "metrics.listen", metrics,
           [service = service_, loopback = is_loopback(metrics)](
             const auto& x) { return service->on_metrics(x, loopback); });
}

admin_servers::~admin_servers() = default;

void admin_servers::serve(admin_actor actor) {
  asio::post(loop_, [service = service_, actor = std::move(actor)]() mutable {
    service->serve(std::move(actor));
  });
}

void admin_servers::tell(readiness now) {
  asio::post(loop_, [service = service_, now = std::move(now)]() mutable {
    service->tell(std::move(now));
  });
}

void admin_servers::stop() {
  for (auto* server : {local_.get(), remote_.get(), metrics_.get()})
    if (server != nullptr)
      server->stop();
  service_->close();
}

endpoint admin_servers::admin_address() const {
  return remote_ ? remote_->local_endpoint() : endpoint{};
}

endpoint admin_servers::metrics_address() const {
  return metrics_ ? metrics_->local_endpoint() : endpoint{};
}

std::unique_ptr<admin_servers>
open_admin_servers(boost::asio::io_context& loop, const settings& settings,
                   admin_service::silence_function silence) {
  return std::make_unique<admin_servers>(loop, settings, std::move(silence));
}

} // namespace troupe::actors
