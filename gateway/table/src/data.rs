//! What a table can store with a key: a row each, in the order in which HAProxy shows them.

/// How a value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A number of 32 bits.
    Number,
    /// A number of 64 bits.
    Wide,
    /// A frequency over a period.
    Rate,
    /// A name from a short list: a server's.
    Name,
}

impl Shape {
    /// Words of 32 bits that one value takes.
    pub(crate) fn words(self) -> usize {
        match self {
            Self::Number | Self::Name => 1,
            Self::Wide => 2,
            Self::Rate => 3,
        }
    }
}

macro_rules! data {
    ($($variant:ident $name:literal $shape:ident $array:literal $doc:literal;)*) => {
        /// A kind of data.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Data { $(#[doc = $doc] $variant,)* }

        impl Data {
            /// All kinds, in the order in which they are shown.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name behind `store`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How it is kept.
            pub fn shape(self) -> Shape {
                match self { $(Self::$variant => Shape::$shape,)* }
            }

            /// Whether it is stored as an array of so many.
            pub fn is_array(self) -> bool {
                match self { $(Self::$variant => $array,)* }
            }
        }
    };
}

#[rustfmt::skip]
data! {
    ServerId      "server_id"       Number false "The number of the server that a request went to.";
    Gpt0          "gpt0"            Number false "A tag.";
    Gpc0          "gpc0"            Number false "A counter for general purposes.";
    Gpc0Rate      "gpc0_rate"       Rate   false "How often that one is incremented.";
    ConnCnt       "conn_cnt"        Number false "Connections.";
    ConnRate      "conn_rate"       Rate   false "Connections in a period.";
    ConnCur       "conn_cur"        Number false "Connections that are open.";
    SessCnt       "sess_cnt"        Number false "Connections that the first rules let in.";
    SessRate      "sess_rate"       Rate   false "The same in a period.";
    HttpReqCnt    "http_req_cnt"    Number false "Requests.";
    HttpReqRate   "http_req_rate"   Rate   false "Requests in a period.";
    HttpErrCnt    "http_err_cnt"    Number false "Requests whose client was in error.";
    HttpErrRate   "http_err_rate"   Rate   false "The same in a period.";
    BytesInCnt    "bytes_in_cnt"    Wide   false "Bytes from clients.";
    BytesInRate   "bytes_in_rate"   Rate   false "The same in a period.";
    BytesOutCnt   "bytes_out_cnt"   Wide   false "Bytes to clients.";
    BytesOutRate  "bytes_out_rate"  Rate   false "The same in a period.";
    Gpc1          "gpc1"            Number false "A second counter for general purposes.";
    Gpc1Rate      "gpc1_rate"       Rate   false "How often that one is incremented.";
    ServerKey     "server_key"      Name   false "The name or address of the server that a request went to.";
    HttpFailCnt   "http_fail_cnt"   Number false "Responses whose server was in error.";
    HttpFailRate  "http_fail_rate"  Rate   false "The same in a period.";
    Gpt           "gpt"             Number true  "Tags.";
    Gpc           "gpc"             Number true  "Counters for general purposes.";
    GpcRate       "gpc_rate"        Rate   true  "How often each is incremented.";
    GlitchCnt     "glitch_cnt"      Number false "Oddities of a connection's protocol.";
    GlitchRate    "glitch_rate"     Rate   false "The same in a period.";
}

impl Data {
    /// The kind of a name behind `store`.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|data| data.name() == name)
    }

    /// Whether it is a rate, and wants a period.
    pub fn is_rate(self) -> bool {
        self.shape() == Shape::Rate
    }

    /// The array, and the place in it, that stands in for it where it is not stored by itself.
    pub fn in_array(self) -> Option<(Self, u32)> {
        match self {
            Self::Gpt0 => Some((Self::Gpt, 0)),
            Self::Gpc0 => Some((Self::Gpc, 0)),
            Self::Gpc1 => Some((Self::Gpc, 1)),
            Self::Gpc0Rate => Some((Self::GpcRate, 0)),
            Self::Gpc1Rate => Some((Self::GpcRate, 1)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_unique() {
        for data in Data::ALL {
            assert_eq!(Data::find(data.name()), Some(*data));
        }
        assert_eq!(Data::find("gpc2"), None);
    }

    #[test]
    fn rates_are_named_so() {
        assert!(Data::ALL.iter().all(|data| data.is_rate() == data.name().ends_with("_rate")));
    }
}
