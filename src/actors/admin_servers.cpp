// SPDX-License-Identifier: BSD-3-Clause
#include "actors/admin_servers.hpp"

#include "actors/admin_access.hpp"
#include "actors/admin_api_json.hpp"
#include "actors/admin_messages.hpp"
#include "actors/log.hpp"
#include "admin/dashboard.hpp"

#include <caf/send.hpp>

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace troupe::actors {

/// What the handlers of all servers share.
struct admin_servers::desk {
  std::vector<access_token> tokens;
  admin_actor actor; ///< none before serve() and after stop()

  /// The API: whoever has the right to ask.
  void admit(const admin::request& request, admin::responder reply) {
    auto access = check_access(request, tokens);
    if (access.status == 200) {
      forward(request, api_door::admin, std::move(access), std::move(reply));
      return;
    }
    log::warn("admin: {} {} from {} refused: {}", request.method, request.path,
              request.peer, access.text);
    reply(api::error(access.status, access.text));
  }

  void forward(const admin::request& request, api_door door, access by,
               admin::responder reply) {
    if (!actor) {
      reply(api::error(503, "this node is starting or stopping"));
      return;
    }
    caf::anon_send(
      actor, api_call{std::make_shared<const admin::request>(request), door,
                      std::move(by.who), std::move(reply), by.role});
  }
};

namespace {

/// @param key Of the configuration, for the error.
std::unique_ptr<admin::http_server> open(boost::asio::io_context& loop,
                                         std::string_view key,
                                         const std::string& text,
                                         admin::request_handler handler) {
  auto address = endpoint::parse(text);
  if (!address)
    throw std::runtime_error(
      fmt::format("{}: \"{}\" is no address to listen on", key, text));
  try {
    auto server = admin::listen(loop, *address, std::move(handler));
    log::info("{} listens on {}", key, server->local_endpoint().to_string());
    return server;
  } catch (const std::exception& e) {
    throw std::runtime_error(fmt::format("{}: {}", key, e.what()));
  }
}

} // namespace

admin_servers::admin_servers(boost::asio::io_context& loop,
                             const settings& settings)
  : desk_(std::make_shared<desk>()) {
  desk_->tokens = read_tokens(settings.admin.tokens);
  auto api = [desk = desk_](const admin::request& request,
                            admin::responder reply) {
    desk->admit(request, std::move(reply));
  };
  // The pages hold no data, so they come before the question for a token.
  auto pages_and_api = [api](const admin::request& request,
                             admin::responder reply) {
    if (auto page = admin::dashboard(request))
      reply(*std::move(page));
    else
      api(request, std::move(reply));
  };
  auto metrics = [desk = desk_](const admin::request& request,
                                admin::responder reply) {
    desk->forward(request, api_door::metrics, {200, {}, request.peer},
                  std::move(reply));
  };
  const auto& admin = settings.admin;
  if (!admin.socket.empty())
    local_ = open(loop, "admin.socket", "unix:" + admin.socket, api);
  if (!admin.listen.empty())
    remote_ = open(loop, "admin.listen", admin.listen, pages_and_api);
  if (!settings.metrics.listen.empty())
    metrics_ = open(loop, "metrics.listen", settings.metrics.listen, metrics);
}

admin_servers::~admin_servers() = default;

void admin_servers::serve(admin_actor actor) {
  desk_->actor = std::move(actor);
}

void admin_servers::stop() {
  for (auto* server : {local_.get(), remote_.get(), metrics_.get()})
    if (server != nullptr)
      server->stop();
  desk_->actor = admin_actor{};
}

endpoint admin_servers::admin_address() const {
  return remote_ ? remote_->local_endpoint() : endpoint{};
}

endpoint admin_servers::metrics_address() const {
  return metrics_ ? metrics_->local_endpoint() : endpoint{};
}

std::unique_ptr<admin_servers> open_admin_servers(boost::asio::io_context& loop,
                                                  const settings& settings) {
  return std::make_unique<admin_servers>(loop, settings);
}

} // namespace troupe::actors
