// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/cursor.hpp"
#include "core/settings.hpp"

#include <vector>

/// One function a section of the file. Each reads what is there into settings
/// that hold the defaults, and reports what is wrong.
namespace troupe::config {

void read_global(const cursor& in, global_settings& out);
void read_admin(const cursor& in, admin_settings& out);
void read_metrics(const cursor& in, metrics_settings& out);

/// `out` holds what the file's `health_check_defaults` say, or the defaults.
void read_health_check(const cursor& in, check_settings& out);

/// Elements of the result are parallel to those of the list, even where the
/// file is wrong, so that later checks find their places.
std::vector<frontend_settings> read_frontends(const cursor& in);
std::vector<backend_settings> read_backends(const cursor& in,
                                            const check_settings& defaults);

/// This version runs one node: reports any content of the section.
void refuse_cluster(const cursor& in);

/// What needs more than one section: names that must differ or exist, and
/// addresses used twice.
/// @param root The whole file, already read into `all`.
void check_references(const cursor& root, const settings& all);

/// Settings that are good but do not do what their author may think.
/// @param root The whole file, already read into `all`.
void check_effects(const cursor& root, const settings& all);

} // namespace troupe::config
