// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <string>

/// Certificates as a small authority makes them, for tests only.
namespace troupe::net::cluster {

struct openssl_free {
  void operator()(EVP_PKEY* x) const { EVP_PKEY_free(x); }
  void operator()(X509* x) const { X509_free(x); }
  void operator()(X509_EXTENSION* x) const { X509_EXTENSION_free(x); }
  void operator()(BIO* x) const { BIO_free_all(x); }
};
template <class T>
using openssl_ptr = std::unique_ptr<T, openssl_free>;

struct signed_key {
  openssl_ptr<EVP_PKEY> key;
  openssl_ptr<X509> certificate;
};

/// What a certificate says; times in seconds from now.
struct certificate_form {
  std::string common_name{};
  std::string alternative_names{}; ///< "DNS:lb1,DNS:lb2"; "" is none
  long valid_from = -3'600;
  long valid_to = 30L * 86'400;
  bool authority = false;
  std::string extended_key_usage{}; ///< "serverAuth,clientAuth"; "" is none
};

inline void add_extension(X509& to, int kind, const std::string& value) {
  const openssl_ptr<X509_EXTENSION> extension{
    X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str())};
  if (extension == nullptr || X509_add_ext(&to, extension.get(), -1) != 1)
    throw std::runtime_error{"cannot add " + value};
}

/// @param issuer None: signed by itself.
inline signed_key make_signed(const certificate_form& form,
                              const signed_key* issuer = nullptr) {
  static long serial = 1;
  signed_key result{openssl_ptr<EVP_PKEY>{EVP_EC_gen("P-256")},
                    openssl_ptr<X509>{X509_new()}};
  auto& x = *result.certificate;
  X509_set_version(&x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(&x), serial++);
  X509_gmtime_adj(X509_getm_notBefore(&x), form.valid_from);
  X509_gmtime_adj(X509_getm_notAfter(&x), form.valid_to);
  X509_set_pubkey(&x, result.key.get());
  X509_NAME_add_entry_by_txt(
    X509_get_subject_name(&x), "CN", MBSTRING_ASC,
    reinterpret_cast<const unsigned char*>(form.common_name.c_str()), -1, -1,
    0);
  X509_set_issuer_name(
    &x,
    X509_get_subject_name(issuer != nullptr ? issuer->certificate.get() : &x));
  if (form.authority)
    add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
  if (!form.alternative_names.empty())
    add_extension(x, NID_subject_alt_name, form.alternative_names);
  if (!form.extended_key_usage.empty())
    add_extension(x, NID_ext_key_usage, form.extended_key_usage);
  X509_sign(&x, issuer != nullptr ? issuer->key.get() : result.key.get(),
            EVP_sha256());
  return result;
}

inline signed_key make_authority(const std::string& name) {
  return make_signed({.common_name = name, .authority = true});
}

/// A directory of PEM files that goes with the test.
class certificate_directory {
public:
  certificate_directory() {
    auto text =
      (std::filesystem::temp_directory_path() / "troupe-tls-XXXXXX").string();
    if (::mkdtemp(text.data()) == nullptr)
      throw std::runtime_error{"mkdtemp"};
    path_ = text;
  }
  certificate_directory(const certificate_directory&) = delete;
  certificate_directory& operator=(const certificate_directory&) = delete;
  ~certificate_directory() { std::filesystem::remove_all(path_); }

  std::string file(const std::string& name) const {
    return (path_ / name).string();
  }

  /// Writes NAME.pem and NAME.key.
  void write(const std::string& name, const signed_key& what) const {
    const openssl_ptr<BIO> pem{BIO_new_file(file(name + ".pem").c_str(), "w")};
    PEM_write_bio_X509(pem.get(), what.certificate.get());
    const openssl_ptr<BIO> key{BIO_new_file(file(name + ".key").c_str(), "w")};
    PEM_write_bio_PrivateKey(key.get(), what.key.get(), nullptr, nullptr, 0,
                             nullptr, nullptr);
  }

  void write_text(const std::string& name, const std::string& text) const {
    std::ofstream{file(name)} << text;
  }

private:
  std::filesystem::path path_;
};

} // namespace troupe::net::cluster
