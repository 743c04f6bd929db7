// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/asio/ssl/context.hpp>

#include <cstdint>
#include <memory>
#include <openssl/ossl_typ.h>
#include <string>
#include <vector>

/// Certificates of nodes: what this one shows, and whom it believes.
namespace troupe::net::cluster {

/// PEM files.
struct certificate_files {
  std::string ca;
  std::string certificate; ///< and what leads from it to the ca
  std::string key;
};

struct loaded_context {
  std::shared_ptr<boost::asio::ssl::context> context; ///< null: see problems
  std::vector<std::string> problems;                  ///< each names its file
  bool valid_now = true; ///< peers would take the certificate today
  int64_t expires = 0;   ///< Unix time
  std::string warning;   ///< when they do not, or soon will not
};

/// Makes a context for both sides of links: TLS 1.3 only, both sides must show
/// a certificate that leads to the ca, nothing is resumed. Blocks on files.
/// @param node The certificate must be this one's: a dNSName among its subject
/// alternative names. The common name does not count.
loaded_context load_context(const certificate_files& files,
                            const std::string& node);

/// The dNSNames of a certificate.
std::vector<std::string> names_of(const X509& certificate);

} // namespace troupe::net::cluster
