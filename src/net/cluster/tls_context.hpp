// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "os/service_user.hpp"

#include <boost/asio/ssl/context.hpp>

#include <cstdint>
#include <memory>
#include <openssl/ossl_typ.h>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// Certificates of nodes: the one that this node shows, and those that it
/// trusts.
namespace troupe::net::cluster {

/// PEM files.
struct certificate_files {
  std::string ca;
  std::string certificate; ///< and what leads from it to the ca
  std::string key;
  bool operator==(const certificate_files&) const = default;
};

/// The means by which a node identifies itself and verifies others:
/// certificates that have been read and were found good. Never empty, so that a
/// holder always uses TLS.
class tls_identity {
public:
  /// @pre `context` is not null. @throws std::invalid_argument otherwise.
  explicit tls_identity(std::shared_ptr<boost::asio::ssl::context> context,
                        certificate_files files = {}, int64_t expires = 0);
  // Moving would leave an empty one behind.
  tls_identity(const tls_identity&) = default;
  tls_identity& operator=(const tls_identity&) = default;

  const std::shared_ptr<boost::asio::ssl::context>& context() const noexcept {
    return context_;
  }
  const certificate_files& files() const noexcept { return files_; }
  int64_t expires() const noexcept { return expires_; } ///< Unix time

private:
  std::shared_ptr<boost::asio::ssl::context> context_;
  certificate_files files_;
  int64_t expires_;
};

/// Links that are neither encrypted nor authenticated: what an operator asks
/// for by `cluster.insecure: true`, and nothing else ever leads to.
struct without_tls {};

/// How links are protected. There is no third kind and no default, so that no
/// failure ends in less protection (rule 131).
using link_security = std::variant<tls_identity, without_tls>;

struct identity_problem {
  std::string key;  ///< of the configuration: "ca", "certificate" or "key"
  std::string text; ///< names the file and the way out
};

struct identity_reading {
  std::optional<tls_identity> identity; ///< none: see problems
  std::vector<identity_problem> problems;
  std::string warning; ///< when peers will soon not take it any more
};

/// Reads the files for both sides of links: TLS 1.3 only, both sides must show
/// a certificate that leads to the ca and is valid today, nothing is resumed.
/// Blocks on files.
/// @param node The certificate must be this one's: a dNSName among its subject
/// alternative names. The common name does not count.
/// @param user See service_user.hpp.
identity_reading read_identity(const certificate_files& files,
                               const std::string& node,
                               os::user_ptr user = nullptr);

/// The dNSNames of a certificate.
std::vector<std::string> names_of(const X509& certificate);

} // namespace troupe::net::cluster
