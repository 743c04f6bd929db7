// SPDX-License-Identifier: BSD-3-Clause
#include "actors/control/router.hpp"

#include "actors/events/journal.hpp"
#include "actors/events/log.hpp"
#include "core/stable_hash.hpp"

#include <caf/result.hpp>
#include <caf/sec.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace troupe::actors {

namespace {

constexpr milliseconds publish_pause{10};
constexpr milliseconds opinion_time{1'000};
/// A changed address is to be in use within two seconds (rule 140).
constexpr milliseconds resolve_interval{1'500};
/// With more names in one backend they are looked up less often, so that their
/// number a second is bounded; at least so often.
constexpr int64_t names_an_interval = 64;
constexpr milliseconds resolve_interval_max{30'000};
constexpr milliseconds resolve_pause{1'000};
constexpr unsigned weight_max = 1000;
/// A slow start grows in so many steps, but no faster than it can be seen.
constexpr unsigned ramp_steps = 20;
constexpr milliseconds ramp_step_min{50};

bool is_literal(const std::string& address) {
  return endpoint::parse(address).has_value();
}

server_totals totals_of(const server_live& server) {
  server_totals result;
  for (const auto& worker : server.by_worker) {
    for (size_t i = 0; i < result.requests.size(); ++i)
      result.requests[i] += worker.requests[i].get();
    result.bytes_sent += worker.bytes_sent.get();
    result.bytes_received += worker.bytes_received.get();
    result.connect_failures += worker.connect_failures.get();
  }
  return result;
}

} // namespace

router::router(caf::actor_config& cfg, std::string backend, router_links links)
  : hosted(cfg), backend_(std::move(backend)), links_(std::move(links)) {}

router::behavior_type router::make_behavior() {
  return {
    [this](const configure_backend& x) { configure(x); },
    [this](const server_health& x) { take_health(x); },
    [this](const backend_verdicts& x) { take_verdicts(x); },
    [this](const address_found& x) { take_address(x); },
    [this](const operator_change& x) { return change(x); },
    [this](const operator_wish& x) { take_wish(x); },
    [this](const describe_backend&) { return describe(); },
    [this](const describe_snapshot&) {
      catch_up();
      return publish_snapshot{make_snapshot()};
    },
    [this](const confirm_changes&) { return take_confirm(); },
    [](const retired_snapshot&) {}, // destroyed with the message
    [this](const publish_due&) { pause_over(); },
    [this](const resolve_due&) { resolve_all(); },
    [this](const opinion_overdue&) { stop_awaiting(); },
    [this](const ramp_due&) { ramp(); },
  };
}

void router::on_exit() {
  confirmations_.clear();
  links_ = {}; // the others hold handles of this actor too
  members_.clear();
  by_name_.clear();
}

// -- configuration ------------------------------------------------------------

void router::configure(const configure_backend& message) {
  forget_removed(*message.settings);
  std::vector<member> next;
  next.reserve(message.settings->servers.size());
  for (size_t i = 0; i < message.settings->servers.size(); ++i)
    next.push_back(take_over(message, i));
  members_ = std::move(next);
  by_name_.assign(members_, [](const member& x) -> const std::string& {
    return x.settings.name;
  });
  settings_ = message.settings;
  live_ = message.live;
  generation_ = message.generation;
  // The supervisor calls a configuration running once this is published.
  paused_ = dirty_ = stale_ = false;
  update();
  send_targets();
  if (links_.observations)
    send(links_.observations(), follow_backend{backend_});
  for (auto& server : members_)
    look_up(server);
  arm_resolve();
  if (std::any_of(members_.begin(), members_.end(),
                  [](const auto& x) { return x.opinion_due.has_value(); }))
    delayed_send(this, opinion_time, opinion_overdue{});
}

/// Who asks is about to send clients here: names are looked up first, or the
/// first requests would find no server.
caf::result<bool> router::take_confirm() {
  auto result = make_response_promise<bool>();
  confirmations_.push_back(result);
  confirm_if_known();
  if (!confirmations_.empty())
    delayed_send(this, opinion_time, opinion_overdue{});
  return result;
}

void router::confirm(bool known) {
  for (auto& x : std::exchange(confirmations_, {}))
    x.deliver(known);
}

void router::confirm_if_known() {
  if (!dirty_
      && std::none_of(members_.begin(), members_.end(),
                      [](const auto& x) { return x.awaits_first_answer(); }))
    confirm(true);
}

void router::stop_awaiting() {
  confirm(false);
  const auto now = clock().now();
  for (auto& x : members_)
    if (x.opinion_due && *x.opinion_due <= now)
      x.opinion_due.reset();
  update();
}

router::member router::take_over(const configure_backend& message,
                                 size_t index) {
  member result;
  result.settings = message.settings->servers[index];
  result.live = message.servers[index];
  if (auto* before = find(result.settings.name)) {
    inherit(result, *before);
  } else {
    if (index < message.operators.size())
      result.wish = message.operators[index];
    if (!members_.empty() && message.settings->health_check.enabled)
      result.opinion_due = clock().now() + opinion_time;
    result.facts.unproven = !message.settings->initially_up;
  }
  if (message.settings->initially_up || !message.settings->health_check.enabled)
    result.facts.unproven = false;
  if (auto literal = endpoint::parse(result.settings.address)) {
    result.address = *literal;
    result.others.clear();
    result.address_text = result.settings.address;
  }
  return result;
}

void router::inherit(member& next, const member& before) {
  next.address = before.address;
  next.others = before.others;
  next.address_text = before.address_text;
  if (before.settings.address == next.settings.address) {
    next.looking_up = before.looking_up;
    next.looked_up_at = before.looked_up_at;
  }
  next.lookup_failed =
    before.lookup_failed && before.settings.address == next.settings.address;
  next.opinion_due = before.opinion_due;
  next.wish = before.wish;
  next.facts = before.facts;
  next.state = before.state;
  next.ramp_since = before.ramp_since;
  next.healthy = before.healthy;
  if (next.wish.weight && before.settings.weight != next.settings.weight) {
    next.wish.weight.reset();
    remember(next);
    journal::info(event_kind::operation, subject_of(next.settings.name),
                  "backend {}: server {}: weight {} of the configuration "
                  "replaces the operator's",
                  backend_, next.settings.name, next.settings.weight);
  }
}

void router::forget_removed(const backend_settings& next) {
  std::unordered_set<std::string_view> names;
  for (const auto& server : next.servers)
    names.insert(server.name);
  for (auto& server : members_) {
    if (server.wish == operator_entry{} || names.contains(server.settings.name))
      continue;
    server.wish = {};
    remember(server);
  }
}

void router::remember(const member& server) {
  send(links_.supervisor,
       operator_state{backend_, server.settings.name, server.wish});
}

void router::send_targets() {
  check_targets message;
  message.settings = settings_;
  message.targets.reserve(members_.size());
  message.lives.reserve(members_.size());
  for (const auto& server : members_) {
    message.lives.push_back(server.live);
    message.targets.push_back({server.settings.name, server.address,
                               server.wish.admin, server.others,
                               !is_literal(server.settings.address)});
  }
  send(links_.health(), std::move(message));
}

// -- what others say ----------------------------------------------------------

void router::take_health(const server_health& message) {
  auto* server = find(message.server);
  if (server == nullptr)
    return; // removed while the message was under way
  const bool first = std::exchange(server->opinion_due, {}).has_value();
  auto next = server->facts;
  next.own = message.own;
  next.probed = message.probed;
  next.vetoed = message.vetoed;
  next.ejected = message.ejected;
  next.unproven &= !message.proven;
  if (std::exchange(server->facts, next) != next || first)
    update();
}

void router::take_verdicts(const backend_verdicts& message) {
  const bool lost = has_majority_ && !message.has_majority;
  has_majority_ = message.has_majority;
  for (auto& server : members_) {
    if (lost) // the health checker will say the same in a moment
      server.facts.own = own_without_majority(server.facts);
    server.facts.verdict = status::up;
  }
  for (const auto& told : message.servers)
    if (auto* server = find(told.server)) {
      server->facts.verdict = told.verdict;
      if (!has_majority_)
        continue;
      server->opinion_due.reset();
      server->facts.unproven &= told.verdict == status::down;
    }
  update();
}

caf::result<backend_view> router::change(const operator_change& message) {
  auto refuse = [](std::string text) {
    return caf::make_error(caf::sec::invalid_argument, std::move(text));
  };
  auto* server = find(message.server);
  if (server == nullptr)
    return refuse(
      fmt::format("backend {} has no server \"{}\"", backend_, message.server));
  if (message.weight && (*message.weight < 1 || *message.weight > weight_max))
    return refuse(fmt::format("weight {} is not in 1..{}; to take a server out "
                              "of rotation use drain",
                              *message.weight, weight_max));
  if (message.weight && message.reset_weight)
    return refuse("weight and reset_weight exclude each other");
  auto before = server->wish;
  server->wish.admin = message.admin.value_or(before.admin);
  if (message.weight || message.reset_weight)
    server->wish.weight = message.weight;
  server->wish.by = message.by;
  const bool changed = server->wish != before;
  if (changed || server->wish.by != before.by) {
    tell_wish(*server, before);
    remember(*server);
  }
  if (!changed)
    return describe();
  update();
  if (server->wish.admin != before.admin)
    send_targets();
  return describe();
}

void router::take_wish(const operator_wish& message) {
  auto* server = find(message.server);
  if (server == nullptr)
    return;
  const auto before = std::exchange(server->wish, message.entry);
  // Nodes tell each other of an action more than once; it is one event.
  if (server->wish.by != before.by)
    tell_wish(*server, before);
  if (server->wish == before)
    return;
  update();
  if (server->wish.admin != before.admin)
    send_targets();
}

/// The one event of an operator's action.
void router::tell_wish(const member& server,
                       const operator_entry& before) const {
  const auto& name = server.settings.name;
  const auto& wish = server.wish;
  std::vector<std::string> parts;
  if (wish.admin != before.admin || wish == before)
    parts.emplace_back(to_string(wish.admin));
  if (wish.weight != before.weight)
    parts.push_back(wish.weight ? fmt::format("weight {}", *wish.weight)
                                : fmt::format("the configured weight, {}",
                                              server.settings.weight));
  if (wish.by.author.empty()) {
    journal::info(event_kind::operation, subject_of(name),
                  "backend {}: server {}: set to {}: the operator's setting "
                  "was for the previous server of that name",
                  backend_, name, fmt::join(parts, ", "));
    return;
  }
  journal::info(event_kind::operation, subject_of(name),
                "backend {}: server {}: set to {} by {}{}{}", backend_, name,
                fmt::join(parts, ", "), wish.by.author,
                wish.by.reason.empty() ? "" : ": ", wish.by.reason);
}

std::string router::subject_of(const std::string& server) const {
  return journal::server_subject(backend_, server);
}

backend_view router::describe() {
  catch_up();
  backend_view result{backend_, generation_, version_, fail_open_, {}, 0};
  result.queued = live_ ? live_->queue.waiting() : 0;
  result.servers.reserve(members_.size());
  for (const auto& x : members_) {
    auto in_flight = x.live->in_flight.load(std::memory_order_relaxed);
    result.servers.push_back(
      {x.settings.name, x.settings.address, x.address.to_string(), x.weight(),
       x.wish.admin, x.state, x.facts.own, x.facts.vetoed, x.state.disputed,
       x.facts.ejected, in_flight,
       has_majority_ ? std::optional{x.facts.verdict} : std::nullopt,
       totals_of(*x.live), x.wish.by});
  }
  return result;
}

// -- names --------------------------------------------------------------------

void router::look_up(member& server) {
  const auto& text = server.settings.address;
  if (is_literal(text) || server.looking_up)
    return;
  server.looking_up = true;
  server.looked_up_at = clock().now();
  links_.resolve(
    text,
    [this, self = caf::strong_actor_ptr{ctrl()}, name = server.settings.name,
     text](const boost::system::result<std::vector<endpoint>>& answer) {
      in_actor([&] { resolved(name, text, answer); });
    });
}

/// Its address does not work: perhaps there is another one by now.
void router::look_up_soon(member& server) {
  if (clock().now() - server.looked_up_at >= resolve_pause)
    look_up(server);
}

void router::resolved(
  const std::string& name, const std::string& text,
  const boost::system::result<std::vector<endpoint>>& answer) {
  auto* server = find(name);
  if (server == nullptr || server->settings.address != text)
    return; // a reload came in between
  server->looking_up = false;
  if (!answer) {
    lookup_failed(*server, answer.error().message());
    return;
  }
  server->lookup_failed = false;
  server->address_text = text;
  if (!use_addresses(*server, *answer))
    return;
  update();
  send_targets();
}

/// The one in use stays while it is among the answers, so that a name with
/// several addresses does not wander. @returns whether anything has changed.
bool router::use_addresses(member& server, std::vector<endpoint> answers) {
  auto used = std::find(answers.begin(), answers.end(), server.address);
  if (used == answers.end()) {
    used = answers.begin();
    journal::info(event_kind::server, subject_of(server.settings.name),
                  "backend {}: server {}: {} is {}{}", backend_,
                  server.settings.name, server.settings.address,
                  used->to_string(),
                  server.address.empty()
                    ? ""
                    : fmt::format(", was {}", server.address.to_string()));
  }
  auto address = *used;
  answers.erase(used);
  // Servers of DNS shuffle them: that is no change.
  if (address == server.address
      && std::ranges::is_permutation(answers, server.others))
    return false;
  server.address = std::move(address);
  server.others = std::move(answers);
  return true;
}

void router::take_address(const address_found& message) {
  auto* server = find(message.server);
  if (server == nullptr)
    return; // removed while the message was under way
  const auto found =
    std::find(server->others.begin(), server->others.end(), message.address);
  if (found == server->others.end()) {
    if (message.address.empty())
      look_up_soon(*server);
    return;
  }
  journal::info(event_kind::server, subject_of(server->settings.name),
                "backend {}: server {}: {} of {} works, {} does not", backend_,
                server->settings.name, message.address.to_string(),
                server->settings.address, server->address.to_string());
  std::swap(server->address, *found);
  look_up_soon(*server);
  update();
  send_targets();
}

void router::lookup_failed(member& server, const std::string& why) {
  auto stale = server.address_text != server.settings.address;
  if (!std::exchange(server.lookup_failed, true))
    journal::warn(event_kind::server, subject_of(server.settings.name),
                  "backend {}: server {}: cannot resolve {}: {}; {}", backend_,
                  server.settings.name, server.settings.address, why,
                  stale
                    ? "not used"
                    : fmt::format("{} is kept", server.address.to_string()));
  if (!stale)
    return;
  if (server.address.empty()) {
    evaluate_all(); // nothing to publish, perhaps something to log
    confirm_if_known();
    return;
  }
  server.address = {};
  server.others.clear();
  server.address_text.clear();
  update();
  send_targets();
}

void router::resolve_all() {
  resolve_armed_ = false;
  const auto now = clock().now();
  const auto names = std::ranges::count_if(
    members_, [](auto& x) { return !is_literal(x.settings.address); });
  const auto unhurried = std::min(
    resolve_interval * (1 + names / names_an_interval), resolve_interval_max);
  for (auto& server : members_)
    if (now - server.looked_up_at
        >= (server.state.healthy ? unhurried : resolve_interval))
      look_up(server);
  arm_resolve();
}

void router::arm_resolve() {
  const auto named = std::ranges::any_of(
    members_, [](auto& x) { return !is_literal(x.settings.address); });
  if (named && !std::exchange(resolve_armed_, true))
    delayed_send(this, resolve_interval, resolve_due{});
}

// -- state --------------------------------------------------------------------

/// At most once a pause: as many changes as there are servers may come at once,
/// and each is looked at together with all servers.
void router::update() {
  if (paused_) {
    dirty_ = stale_ = true;
    return;
  }
  evaluate_all();
  publish();
}

void router::catch_up() {
  if (stale_)
    evaluate_all();
}

void router::evaluate_all() {
  stale_ = false;
  std::vector<server_facts> facts;
  facts.reserve(members_.size());
  for (const auto& x : members_)
    facts.push_back(facts_of(x));
  auto pool =
    evaluate(facts, {.has_majority = has_majority_,
                     .panic_threshold = settings_->panic_threshold,
                     .one_backup = settings_->backups == backup_use::one});
  for (size_t i = 0; i < members_.size(); ++i)
    note(members_[i], pool.servers[i]);
  note_pool(pool);
}

server_facts router::facts_of(const member& server) {
  auto result = server.facts;
  result.admin = server.wish.admin;
  result.backup = server.settings.backup;
  result.resolved = !server.address.empty();
  result.unknown = server.is_unknown();
  return result;
}

void router::note(member& server, const effective_state& next) {
  server.state = next;
  if (server.is_unknown())
    return; // a start is no flip
  auto before = std::exchange(server.healthy, next.healthy);
  if (!before || *before == next.healthy)
    return;
  server.live->checks.state_changes[next.healthy ? 0 : 1].add();
  server.ramp_since.reset();
  if (next.healthy) {
    if (settings_->slow_start > milliseconds{0}) {
      server.ramp_since = clock().now();
      arm_ramp();
    }
    journal::info(event_kind::server, subject_of(server.settings.name),
                  "backend {}: server {} is up", backend_,
                  server.settings.name);
    return;
  }
  journal::warn(event_kind::server, subject_of(server.settings.name),
                "backend {}: server {} is down ({}){}", backend_,
                server.settings.name, to_string(next.evidence),
                next.usable ? ", but still used" : "");
}

void router::note_pool(const pool_state& pool) {
  if (std::exchange(fail_open_, pool.fail_open) != pool.fail_open)
    journal::warn(event_kind::server, backend_, "backend {}: {}", backend_,
                  pool.fail_open
                    ? "no other server is usable: servers are used that only "
                      "this node's traffic rejects"
                    : "servers are usable again without an exception");
  if (std::exchange(panic_, pool.panic) != pool.panic)
    journal::warn(event_kind::server, backend_, "backend {}: {}", backend_,
                  pool.panic
                    ? "fewer servers are usable than panic_threshold demands: "
                      "all ready servers are used"
                    : "enough servers are usable again: the panic is over");
  // A new router says it in any case: another one may have said otherwise.
  if (rejects_all_ != pool.rejects_all) {
    rejects_all_ = pool.rejects_all;
    send(links_.supervisor, own_evidence{backend_, pool.rejects_all});
  }
  auto none = std::none_of(members_.begin(), members_.end(), [](auto& x) {
    return x.state.usable || x.is_unknown();
  });
  if (std::exchange(none_usable_, none) == none)
    return;
  if (none)
    journal::error(event_kind::server, backend_,
                   "backend {}: no server is usable", backend_);
  else
    journal::info(event_kind::server, backend_,
                  "backend {}: a server is usable again", backend_);
}

// -- slow start ---------------------------------------------------------------

uint32_t router::ramp_of(const member& server) const {
  if (!server.ramp_since)
    return 100;
  const auto whole = settings_->slow_start;
  const auto passed = clock().now() - *server.ramp_since;
  if (passed >= whole)
    return 100;
  const auto share = static_cast<uint32_t>(passed * 100 / whole);
  return std::max(share, 100 / ramp_steps);
}

void router::arm_ramp() {
  if (!std::exchange(ramp_armed_, true))
    delayed_send(this,
                 std::max(settings_->slow_start / ramp_steps, ramp_step_min),
                 ramp_due{});
}

void router::ramp() {
  ramp_armed_ = false;
  auto ramping = false;
  for (auto& server : members_) {
    if (ramp_of(server) == 100)
      server.ramp_since.reset();
    ramping |= server.ramp_since.has_value();
  }
  publish();
  if (ramping)
    arm_ramp();
}

void router::publish() {
  if (paused_) {
    dirty_ = true;
    return;
  }
  ++version_;
  auto snapshot = make_snapshot();
  for (const auto& worker : links_.workers)
    send(worker, publish_snapshot{snapshot});
  send(links_.metrics, publish_snapshot{std::move(snapshot)});
  paused_ = true;
  delayed_send(this, publish_pause, publish_due{});
  confirm_if_known();
}

void router::pause_over() {
  paused_ = false;
  catch_up();
  if (std::exchange(dirty_, false))
    publish();
}

snapshot_ptr router::make_snapshot() const {
  auto result = std::make_shared<backend_snapshot>();
  result->name = backend_;
  result->version = version_;
  result->generation = generation_;
  result->fail_open = fail_open_;
  result->panic = panic_;
  result->timeout_connect = settings_->timeout_connect;
  result->timeout_response = settings_->timeout_response;
  result->pool = settings_->pool;
  result->retries_max = settings_->retries_max;
  result->queue = settings_->queue;
  result->passive = settings_->health_check.passive;
  result->tcp_keepalive = settings_->tcp_keepalive;
  result->on_down = settings_->on_down;
  result->on_up = settings_->on_up;
  result->live = live_;
  result->servers.reserve(members_.size());
  for (const auto& x : members_) {
    if (x.state.usable)
      result->usable.push_back(static_cast<uint32_t>(result->servers.size()));
    result->servers.push_back(
      {x.settings.name, x.address, x.others, !is_literal(x.settings.address),
       x.weight(), x.settings.max_connections, x.state, x.wish.admin,
       stable_hash(x.settings.name), x.live, verdict_on(x.facts, has_majority_),
       x.facts.vetoed, x.state.disputed, ramp_of(x)});
  }
  return result;
}

router::member* router::find(std::string_view server) {
  const auto found = by_name_.find(server);
  return found ? &members_[*found] : nullptr;
}

} // namespace troupe::actors
