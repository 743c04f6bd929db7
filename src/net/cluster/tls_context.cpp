// SPDX-License-Identifier: BSD-3-Clause
#include "net/cluster/tls_context.hpp"

#include "core/secret.hpp"
#include "net/cluster/preamble.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/error.hpp>
#include <ctime>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <utility>

namespace troupe::net::cluster {

namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

constexpr long seconds_a_day = 86'400;
constexpr int warn_before_days = 7;
constexpr size_t file_bytes_max = size_t{1} << 20;

struct deleter {
  void operator()(GENERAL_NAMES* x) const { GENERAL_NAMES_free(x); }
  void operator()(X509_STORE_CTX* x) const { X509_STORE_CTX_free(x); }
};

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

bool believes_anybody(SSL_CTX* context) {
  auto* store = SSL_CTX_get_cert_store(context);
  return sk_X509_OBJECT_num(X509_STORE_get0_objects(store)) > 0;
}

/// One reading of the three files.
class reading {
public:
  reading(const certificate_files& files, const std::string& node,
          os::user_ptr user)
    : files_(files), node_(node), user_(user),
      context_(std::make_shared<ssl::context>(ssl::context::tls)) {
    set_rules(*context_);
  }

  identity_reading run() {
    load_files();
    if (problems_.empty())
      check_own();
    if (!problems_.empty())
      return {std::nullopt, std::move(problems_), {}};
    return {tls_identity{context_, files_, expires_}, {}, std::move(warning_)};
  }

private:
  SSL_CTX* native() { return context_->native_handle(); }

  template <class Use>
  void load(const char* key, const std::string& file, const std::string& what,
            Use use);
  void load_files();
  void check_own();
  void check_name(const X509& own);
  void check_chain(X509* own);
  void check_use(X509* own);
  void note_end(const X509& own);

  void problem(const char* key, std::string text) {
    problems_.push_back({key, std::move(text)});
  }

  const certificate_files& files_;
  const std::string& node_;
  const os::user_ptr user_;
  std::shared_ptr<ssl::context> context_;
  std::vector<identity_problem> problems_;
  std::string warning_;
  int64_t expires_ = 0;
};

/// @param use Takes the file's content, and says what is wrong with it.
template <class Use>
void reading::load(const char* key, const std::string& file,
                   const std::string& what, Use use) {
  secret content;
  if (auto fault = os::read_file(file, file_bytes_max, user_, content.text);
      !fault.empty())
    return problem(key, file + ": " + fault);
  if (content.text.empty())
    return problem(key, file + ": " + what + ": the file is empty");
  error_code error;
  use(boost::asio::buffer(content.text), error);
  ERR_clear_error();
  if (error)
    problem(key, file + ": " + what + ": " + error.message());
}

void reading::load_files() {
  load("ca", files_.ca, "expected certificates in PEM",
       [&](const auto& content, error_code& error) {
         context_->add_certificate_authority(content, error);
         if (!error && !believes_anybody(native()))
           error = boost::system::errc::make_error_code(
             boost::system::errc::no_message);
       });
  load("certificate", files_.certificate, "expected a certificate in PEM",
       [&](const auto& content, error_code& error) {
         context_->use_certificate_chain(content, error);
       });
  // Loading it also compares it with the certificate.
  load("key", files_.key,
       "expected the key of " + files_.certificate
         + ", in PEM and without a passphrase",
       [&](const auto& content, error_code& error) {
         context_->use_private_key(content, ssl::context::pem, error);
       });
}

void reading::check_own() {
  auto* own = SSL_CTX_get0_certificate(native());
  check_name(*own);
  check_chain(own);
  check_use(own);
  note_end(*own);
}

void reading::check_name(const X509& own) {
  const auto names = names_of(own);
  if (std::find(names.begin(), names.end(), node_) == names.end())
    problem("certificate",
            files_.certificate + ": is for " + listed(names)
              + ", but this node is " + node_
              + "; issue one with the subject alternative name DNS:" + node_
              + ", or say with --node which node this is");
}

void reading::check_chain(X509* own) {
  const auto verdict = verify_own(native(), own);
  if (verdict == X509_V_OK)
    return;
  const std::string reason = X509_verify_cert_error_string(verdict);
  if (verdict == X509_V_ERR_CERT_HAS_EXPIRED)
    problem("certificate", files_.certificate + ": " + reason
                             + ": no peer will take it; issue a new one");
  else if (verdict == X509_V_ERR_CERT_NOT_YET_VALID)
    problem("certificate", files_.certificate + ": " + reason
                             + ": no peer will take it; is this host's clock "
                               "right?");
  else
    problem("certificate", files_.certificate + ": does not lead to "
                             + files_.ca + ": " + reason
                             + "; have that authority issue it, or name the "
                               "one that did as ca");
}

/// A node is a client of some links and the server of others.
void reading::check_use(X509* own) {
  if (X509_check_purpose(own, X509_PURPOSE_SSL_CLIENT, 0) != 1
      || X509_check_purpose(own, X509_PURPOSE_SSL_SERVER, 0) != 1)
    problem("certificate", files_.certificate
                             + ": may not be used for both sides of TLS; "
                               "issue one with the extended key usages "
                               "serverAuth and clientAuth, or with none");
  ERR_clear_error();
}

void reading::note_end(const X509& own) {
  tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&own), &end) == 1)
    expires_ = ::timegm(&end);
  int days = 0, seconds = 0;
  if (ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(&own)) == 1
      && days < warn_before_days)
    warning_ = files_.certificate + ": expires in "
             + std::to_string((days * seconds_a_day + seconds) / 3'600)
             + " hours";
}

} // namespace

tls_identity::tls_identity(std::shared_ptr<ssl::context> context,
                           certificate_files files, int64_t expires)
  : context_(std::move(context)), files_(std::move(files)), expires_(expires) {
  if (context_ == nullptr)
    throw std::invalid_argument{"no certificates to talk TLS with"};
}

identity_reading read_identity(const certificate_files& files,
                               const std::string& node, os::user_ptr user) {
  return reading{files, node, user}.run();
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
