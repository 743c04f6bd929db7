// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/control/config_keeper.hpp"
#include "config/shared.hpp"
#include "core/cluster/config_register/record.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::actors {

/// One reading of a node's own file.
struct file_reading {
  config::loaded own; ///< the file as if this node were alone
  cluster::config_register::shared_text
    shared; ///< meaningful only if own is ok
};

/// What config::load() has read of `file`, and its shared sections: both views
/// are of the same bytes.
file_reading reading_of(config::loaded own, const std::string& file);

/// Where a cluster node's configuration comes from. `read` and `load_with`
/// block, so they run by `run_blocking` only.
struct shared_source {
  std::string file; ///< as the operator wrote it, for messages
  std::function<file_reading()> read;
  /// Shared sections of a record with local ones of the file.
  std::function<config::loaded(const config::shared_record&)> load_with;
  std::function<void(std::function<void()>)> run_blocking;
  reload_watch watch{};
};

/// `file` and its records as read by config::load and config::load_with.
/// @param begun_with What was read at the start: nothing is parsed again while
/// the file and the record say the same.
shared_source
shared_file_source(std::string file, std::string node,
                   std::function<void(std::function<void()>)> run_blocking,
                   std::shared_ptr<const file_reading> begun_with = nullptr);

/// A text of shared sections as the register wants it.
/// @throws std::runtime_error with the problems, if its nodes cannot be read.
cluster::config_register::shared_text shared_text_of(std::string text);

/// The configuration that runs when a config actor of a cluster starts.
struct running_shared {
  std::shared_ptr<const troupe::settings> settings;
  /// None: this node's own file (generation 0).
  std::shared_ptr<const cluster::config_register::record> record;
};

/// The config actor of a node in a cluster: what its file shares goes to the
/// register, which decides; what is the node's own is applied at once, together
/// with the record in force.
///
/// Answers of the register to a reload and records to apply may cross: each
/// application reads the file again, and they go to the supervisor one at a
/// time.
class shared_config_keeper final
  : public hosted<config_actor::base, actor_kind::config> {
public:
  shared_config_keeper(caf::actor_config& cfg, shared_source source,
                       supervisor_actor supervisor,
                       std::function<register_actor()> config_register,
                       metrics_actor metrics, running_shared running);

  behavior_type make_behavior() override;
  void on_exit() override;

protected:
  std::string subject() const override { return source_.file; }

private:
  using settings_ptr = std::shared_ptr<const settings>;
  using record_ptr = std::shared_ptr<const cluster::config_register::record>;
  using loaded_ptr = std::shared_ptr<const config::loaded>;
  using reload_promise = caf::typed_response_promise<reload_result>;
  using apply_promise = caf::typed_response_promise<apply_result>;
  using done_function = std::function<void(std::vector<std::string>)>;

  /// A text that the helper thread reads, and the step that continues with it.
  using reading = std::function<void(loaded_ptr)>;

  // -- messages --
  caf::result<reload_result> reload(const reload_config& request);
  caf::result<apply_result> check(const check_candidate& message);
  caf::result<apply_result> apply(const apply_record& message);
  caf::result<shared_reading> read(const read_shared& message);
  config_view describe() const;

  // -- reloads --
  void start_reload();
  void file_was_read(const file_reading& result);
  void agreed(const answer& result);
  void finish(reload_result result);
  void refuse(std::vector<std::string> problems);

  // -- applying: one at a time --
  struct application {
    /// None: the local sections changed, the record stays the one in force.
    record_ptr agreed;
    done_function done;
  };

  void enqueue(application x);
  void next_application();
  record_ptr record_for(const application& x) const;
  void apply_loaded(const record_ptr& record, loaded_ptr candidate);
  void applied(std::vector<std::string> problems);

  void read_in_background(std::function<config::loaded()> load, reading then);
  std::function<config::loaded()> load_of(const record_ptr& record) const;
  uint64_t generation() const;

  shared_source source_;
  supervisor_actor supervisor_;
  std::function<register_actor()> register_;
  metrics_actor metrics_;
  running_shared running_;
  std::vector<std::string> last_problems_;
  std::string why_; ///< of the reload under way
  bool reloading_ = false;
  std::vector<reload_promise> waiting_; ///< for the reload under way
  std::vector<reload_promise> later_;   ///< for the one after it

  std::deque<application> applications_; ///< the first is under way
  std::map<uint64_t, reading> readings_;
  uint64_t readings_begun_ = 0;
};

} // namespace troupe::actors
