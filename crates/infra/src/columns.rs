//! Column types that each database keeps in its own way: `uuid` and `timestamptz` on PostgreSQL,
//! 16 bytes and microseconds on SQLite.

use std::io::Write as _;

use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    query_builder::QueryId,
    serialize::{self, IsNull, Output, ToSql},
    sql_types::{BigInt, Binary, HasSqlType, SqlType},
    sqlite::Sqlite,
};
use messaging_domain::{ClientId, ConversationId, Epoch, LoginId, Timestamp};

use crate::connection::MultiBackend;

/// The SQL type of a UUID.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951))]
#[diesel(sqlite_type(name = "Binary"))]
pub struct Uuid;

/// The SQL type of a moment.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185))]
#[diesel(sqlite_type(name = "Long"))]
pub struct Timestamptz;

// `table!` takes a column of a type with this name for one that can be added to.
impl diesel::sql_types::ops::Add for Timestamptz {
    type Rhs = BigInt;
    type Output = Self;
}
impl diesel::sql_types::ops::Sub for Timestamptz {
    type Rhs = BigInt;
    type Output = Self;
}

/// The SQL type of a transaction's number on PostgreSQL.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 28, array_oid = 1011))]
pub struct Xid;

/// The transaction that wrote a row as it is (`xmin`). The row has changed if, and only if, it has another.
/// Nothing on SQLite, where nobody else writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Xid)]
pub(crate) struct Version(u32);

impl ToSql<Xid, Pg> for Version {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&self.0.to_be_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<Xid, Pg> for Version {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(u32::from_be_bytes(value.as_bytes().try_into()?)))
    }
}

impl HasSqlType<Uuid> for MultiBackend {
    fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
        Self::lookup_sql_type::<Uuid>(lookup)
    }
}

impl HasSqlType<Timestamptz> for MultiBackend {
    fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
        Self::lookup_sql_type::<Timestamptz>(lookup)
    }
}

/// A UUID in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Uuid)]
pub(crate) struct DbUuid(pub(crate) uuid::Uuid);

/// A moment in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Timestamptz)]
pub(crate) struct DbTime(pub(crate) Timestamp);

macro_rules! uuid_ids {
    ($($id:ident),*) => {
        $(impl From<$id> for DbUuid {
            fn from(id: $id) -> Self {
                Self(id.as_uuid())
            }
        }
        impl From<DbUuid> for $id {
            fn from(uuid: DbUuid) -> Self {
                Self::restore(uuid.0)
            }
        })*
    };
}
uuid_ids!(ConversationId, ClientId, Epoch, LoginId);

impl ToSql<Uuid, Pg> for DbUuid {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}
impl ToSql<Uuid, Sqlite> for DbUuid {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}
impl ToSql<Uuid, MultiBackend> for DbUuid {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((Uuid, self));
        Ok(IsNull::No)
    }
}
impl FromSql<Uuid, Pg> for DbUuid {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(uuid::Uuid::from_slice(value.as_bytes())?))
    }
}
impl FromSql<Uuid, Sqlite> for DbUuid {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let bytes = <Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value)?;
        Ok(Self(uuid::Uuid::from_slice(&bytes)?))
    }
}
impl FromSql<Uuid, MultiBackend> for DbUuid {
    fn from_sql(value: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Self, Uuid>()
    }
}

/// PostgreSQL counts microseconds from the year 2000.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

impl ToSql<Timestamptz, Pg> for DbTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let microseconds = self.0.as_microseconds().saturating_sub(POSTGRES_EPOCH);
        out.write_all(&microseconds.to_be_bytes())?;
        Ok(IsNull::No)
    }
}
impl ToSql<Timestamptz, Sqlite> for DbTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_microseconds());
        Ok(IsNull::No)
    }
}
impl ToSql<Timestamptz, MultiBackend> for DbTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((Timestamptz, self));
        Ok(IsNull::No)
    }
}
impl FromSql<Timestamptz, Pg> for DbTime {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let microseconds = i64::from_be_bytes(value.as_bytes().try_into()?);
        Ok(Self(Timestamp::from_microseconds(
            microseconds.saturating_add(POSTGRES_EPOCH),
        )))
    }
}
impl FromSql<Timestamptz, Sqlite> for DbTime {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let microseconds = <i64 as FromSql<BigInt, Sqlite>>::from_sql(value)?;
        Ok(Self(Timestamp::from_microseconds(microseconds)))
    }
}
impl FromSql<Timestamptz, MultiBackend> for DbTime {
    fn from_sql(value: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Self, Timestamptz>()
    }
}
