// SPDX-License-Identifier: BSD-3-Clause
#include "observations_run.hpp"
#include "register_run.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// troupe-sim: runs whole clusters under faults, each run decided by its seed.

namespace {

using namespace sim;

/// A cluster of machines with its faults, and what may be broken in it.
struct model {
  std::string_view name;
  std::vector<std::pair<std::string_view, std::string_view>> flaws; // with what
  std::function<run_result(uint64_t seed, std::string_view flaw, bool traced)>
    run;
};

constexpr std::string_view no_flaw = "none";

template <class Run, class Flaws, class Flaw>
model make_model(std::string_view name, Flaws flaws, const Flaw& sound) {
  model result{name, {}, [flaws, &sound](auto seed, auto wanted, bool traced) {
                 const auto i =
                   std::find_if(flaws.begin(), flaws.end(),
                                [&](auto& x) { return x.name == wanted; });
                 return Run{seed, i == flaws.end() ? sound : *i, traced}.run();
               }};
  for (const auto& x : flaws)
    result.flaws.emplace_back(x.name, x.what);
  return result;
}

const std::vector<model>& models() {
  static const std::vector<model> all{
    make_model<register_run>("register", all_flaws(), sound()),
    make_model<observations_run>("observations", all_watch_flaws(),
                                 sound_watch()),
  };
  return all;
}

struct options {
  uint64_t first = 1;
  uint64_t last = 300;
  unsigned jobs = 1;
  bool traced = false;
  bool each_flaw = false;
  const model* of = &models().front();
  std::string_view broken = no_flaw;
};

struct outcome {
  std::optional<uint64_t> failed; ///< lowest seed
  std::string failure;
  uint64_t runs = 0;
  size_t messages = 0;
  std::map<std::string_view, size_t> counts;
};

void add(outcome& all, uint64_t seed, const run_result& x) {
  ++all.runs;
  all.messages += x.messages;
  for (const auto& [what, count] : x.counts)
    all.counts[what] += count;
  if (!x.failure.empty() && (!all.failed || seed < *all.failed)) {
    all.failed = seed;
    all.failure = x.failure;
  }
}

/// All seeds, or up to the first failure of each job.
outcome run_seeds(const options& x) {
  std::atomic<uint64_t> next = x.first;
  std::atomic<bool> stop = false;
  std::mutex lock;
  outcome all;
  const auto work = [&] {
    for (auto seed = next++; seed <= x.last && !stop; seed = next++) {
      const auto result = x.of->run(seed, x.broken, x.traced);
      std::lock_guard guard{lock};
      add(all, seed, result);
      if (!result.failure.empty())
        stop = true;
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < x.jobs; ++i)
    threads.emplace_back(work);
  work();
  for (auto& thread : threads)
    thread.join();
  return all;
}

int run_sound(const options& x) {
  const auto start = std::chrono::steady_clock::now();
  const auto all = run_seeds(x);
  const std::chrono::duration<double> took =
    std::chrono::steady_clock::now() - start;
  std::printf("%s: %llu runs in %.1f s (%.0f seeds/s): %zu messages",
              std::string{x.of->name}.c_str(),
              static_cast<unsigned long long>(all.runs), took.count(),
              static_cast<double>(all.runs) / took.count(), all.messages);
  for (const auto& [what, count] : all.counts)
    std::printf(", %zu %s", count, std::string{what}.c_str());
  std::puts("");
  if (!all.failed)
    return EXIT_SUCCESS;
  std::printf("seed %llu: %s\nreplay: troupe-sim --of %s --seed %llu%s%s\n",
              static_cast<unsigned long long>(*all.failed), all.failure.c_str(),
              std::string{x.of->name}.c_str(),
              static_cast<unsigned long long>(*all.failed),
              x.broken == no_flaw ? "" : " --flaw ",
              x.broken == no_flaw ? "" : std::string{x.broken}.c_str());
  return EXIT_FAILURE;
}

/// Every flaw must be noticed within the seeds.
int run_flaws(options x) {
  int result = EXIT_SUCCESS;
  for (const auto& [name, what] : x.of->flaws) {
    x.broken = name;
    const auto all = run_seeds(x);
    if (all.failed)
      std::printf("caught  %-24s seed %4llu: %s\n", std::string{name}.c_str(),
                  static_cast<unsigned long long>(*all.failed),
                  all.failure.c_str());
    else
      std::printf("MISSED  %-24s %s\n", std::string{name}.c_str(),
                  std::string{what}.c_str());
    std::fflush(stdout);
    if (!all.failed)
      result = EXIT_FAILURE;
  }
  return result;
}

int usage() {
  std::puts(
    "usage: troupe-sim [--of MODEL] [--seed N | --seeds A..B] [--jobs N]\n"
    "                  [--flaw NAME | --flaws]\n"
    "  --of       register (the default) or observations\n"
    "  --seed N   one run, with a trace of all that happens\n"
    "  --flaw     with one rule broken: a failure is what is wanted\n"
    "  --flaws    each flaw in turn must be caught within the seeds");
  return 2;
}

bool parse(const char* text, uint64_t& x) {
  const auto* end = text + std::strlen(text);
  return std::from_chars(text, end, x).ptr == end;
}

bool parse_range(const std::string& text, options& x) {
  const auto dots = text.find("..");
  return dots != std::string::npos
      && parse(text.substr(0, dots).c_str(), x.first)
      && parse(text.substr(dots + 2).c_str(), x.last);
}

bool parse_option(const std::string& name, const char* value, options& x) {
  uint64_t jobs = 0;
  if (name == "--seed") {
    x.traced = true;
    const bool ok = parse(value, x.first);
    x.last = x.first;
    return ok;
  }
  if (name == "--seeds")
    return parse_range(value, x);
  if (name == "--of") {
    const auto i = std::find_if(models().begin(), models().end(),
                                [&](auto& m) { return m.name == value; });
    return i != models().end() && (x.of = &*i);
  }
  if (name == "--flaw") {
    x.broken = value;
    return true;
  }
  if (name != "--jobs" || !parse(value, jobs) || jobs == 0 || jobs > 256)
    return false;
  x.jobs = static_cast<unsigned>(jobs);
  return true;
}

} // namespace

int main(int argc, char** argv) {
  options x;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--flaws")
      x.each_flaw = true;
    else if (i + 1 >= argc || !parse_option(name, argv[++i], x))
      return usage();
  }
  const auto& flaws = x.of->flaws;
  if (x.broken != no_flaw
      && std::none_of(flaws.begin(), flaws.end(),
                      [&](auto& known) { return known.first == x.broken; }))
    return usage();
  return x.each_flaw ? run_flaws(x) : run_sound(x);
}
