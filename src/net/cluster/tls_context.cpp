// SPDX-License-Identifier: BSD-3-Clause
#include "net/cluster/tls_context.hpp"

#include <algorithm>
#include <boost/asio/ssl/error.hpp>
#include <ctime>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace troupe::net::cluster {

namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

constexpr long seconds_a_day = 86'400;
constexpr int warn_before_days = 7;

struct deleter {
  void operator()(GENERAL_NAMES* x) const { GENERAL_NAMES_free(x); }
  void operator()(X509_STORE_CTX* x) const { X509_STORE_CTX_free(x); }
};

std::string listed(const std::vector<std::string>& names) {
  std::string result;
  for (const auto& name : names)
    result += (result.empty() ? "" : ", ") + name;
  return result.empty() ? "nobody" : result;
}

void set_rules(ssl::context& context) {
  auto* native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(native, TLS1_3_VERSION);
  // Every link is checked against the certificates of its own time.
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(native, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(native, 0);
  context.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  // A key with a passphrase is an error: without this OpenSSL would ask for it
  // on the terminal, and wait.
  SSL_CTX_set_default_passwd_cb(native,
                                [](char*, int, int, void*) { return -1; });
}

void load_files(ssl::context& context, const certificate_files& files,
                std::vector<std::string>& problems) {
  const auto load = [&](const std::string& file, auto&& action) {
    error_code error;
    action(error);
    if (error)
      problems.push_back(file + ": " + error.message());
  };
  load(files.ca,
       [&](error_code& error) { context.load_verify_file(files.ca, error); });
  load(files.certificate, [&](error_code& error) {
    context.use_certificate_chain_file(files.certificate, error);
  });
  // Loading it also compares it with the certificate.
  load(files.key, [&](error_code& error) {
    context.use_private_key_file(files.key, ssl::context::pem, error);
  });
  ERR_clear_error();
}

/// Whether a peer with the same ca would take this certificate.
/// @returns why not, as OpenSSL puts it.
int verify_own(SSL_CTX* context, X509* own) {
  const std::unique_ptr<X509_STORE_CTX, deleter> check{X509_STORE_CTX_new()};
  STACK_OF(X509)* between = nullptr;
  SSL_CTX_get0_chain_certs(context, &between);
  if (!check
      || X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(context), own,
                             between)
           != 1)
    return X509_V_ERR_OUT_OF_MEM;
  X509_verify_cert(check.get());
  ERR_clear_error();
  return X509_STORE_CTX_get_error(check.get());
}

void check_own(loaded_context& result, const certificate_files& files,
               const std::string& node) {
  auto* own = SSL_CTX_get0_certificate(result.context->native_handle());
  const auto names = names_of(*own);
  if (std::find(names.begin(), names.end(), node) == names.end())
    result.problems.push_back(files.certificate + ": is for " + listed(names)
                              + ", but this node is " + node);
  const auto verdict = verify_own(result.context->native_handle(), own);
  if (verdict == X509_V_ERR_CERT_HAS_EXPIRED
      || verdict == X509_V_ERR_CERT_NOT_YET_VALID) {
    result.valid_now = false;
    result.warning = files.certificate + ": "
                   + X509_verify_cert_error_string(verdict)
                   + ": no peer will take it";
  } else if (verdict != X509_V_OK)
    result.problems.push_back(files.certificate + ": does not lead to "
                              + files.ca + ": "
                              + X509_verify_cert_error_string(verdict));
  tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(own), &end) == 1)
    result.expires = ::timegm(&end);
  int days = 0, seconds = 0;
  if (result.warning.empty()
      && ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(own)) == 1
      && days < warn_before_days)
    result.warning = files.certificate + ": expires in "
                   + std::to_string((days * seconds_a_day + seconds) / 3'600)
                   + " hours";
}

} // namespace

loaded_context load_context(const certificate_files& files,
                            const std::string& node) {
  loaded_context result;
  result.context = std::make_shared<ssl::context>(ssl::context::tls);
  set_rules(*result.context);
  load_files(*result.context, files, result.problems);
  if (result.problems.empty())
    check_own(result, files, node);
  if (!result.problems.empty())
    result.context = nullptr;
  return result;
}

std::vector<std::string> names_of(const X509& certificate) {
  std::vector<std::string> result;
  const std::unique_ptr<GENERAL_NAMES, deleter> names{
    static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr))};
  for (int n = 0; n < sk_GENERAL_NAME_num(names.get()); ++n) {
    const auto* name = sk_GENERAL_NAME_value(names.get(), n);
    if (name->type != GEN_DNS)
      continue;
    const auto* text = name->d.dNSName;
    result.emplace_back(
      reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
      static_cast<size_t>(ASN1_STRING_length(text)));
  }
  return result;
}

} // namespace troupe::net::cluster
