//! nginx with one worker.

use super::Site;
use crate::work::Speech;

pub(super) fn configure(site: &Site<'_>) -> String {
    let Site { work, listen, origin, pid, .. } = site;
    let (certificate, ssl) = match &site.tls {
        None => (String::new(), String::new()),
        Some(files) => {
            let (crt, key) = (files.certificate.display(), files.key.display());
            let http2 = if matches!(work.speech, Speech::Http2 { .. }) { " http2" } else { "" };
            (
                format!(
                    "ssl_certificate {crt}; ssl_certificate_key {key}; ssl_protocols TLSv1.3; \
                     ssl_session_cache shared:tls:10m;"
                ),
                format!(" ssl{http2}"),
            )
        }
    };
    let other: String = (1..work.rules).fold(String::new(), |text, index| {
        text + &format!("    location /service-{index:04}/ {{ return 503; }}\n")
    });
    let path = if work.rules == 0 { "/" } else { "/pac/" };
    let connection = match work.speech {
        Speech::WebSocket => "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection Upgrade;",
        Speech::Http1 | Speech::Http2 { .. } => "proxy_set_header Connection \"\";",
    };
    let pid = pid.display();
    format!(
        "daemon off; worker_processes 1; worker_rlimit_nofile 20000; user root; pid {pid}; error_log stderr crit;\n\
         events {{ worker_connections 10000; }}\n\
         http {{\n  access_log off; keepalive_requests 1000000000; keepalive_timeout 300s; client_max_body_size 10m;\n  \
         upstream origin {{ server {origin}; keepalive 600; keepalive_requests 1000000000; }}\n  \
         server {{\n    listen {listen}{ssl}; {certificate}\n{other}    \
         location {path} {{\n      proxy_pass http://origin; proxy_http_version 1.1; {connection}\n      \
         proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;\n    }}\n  }}\n}}\n"
    )
}
