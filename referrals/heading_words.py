"""What columns are called in Italian, Spanish, French, Dutch, Russian and German; English is in ``headings``."""

WORDS: dict[str, tuple[str, ...]] = {
    "external_id": (
        "codice cliente", "numero cliente", "id cliente", "número de cliente", "código de cliente", "id de cliente",
        "numéro client", "numéro de client", "code client", "id client", "klantnummer", "klantcode", "klant id",
        "номер клиента", "код клиента", "id клиента", "kundennummer", "kundennr", "kunden nr", "kunden id",
    ),
    "email": (
        "indirizzo e mail", "indirizzo email", "indirizzo di posta elettronica", "posta elettronica", "correo",
        "correo electrónico", "dirección de correo", "dirección de correo electrónico", "adresse e mail",
        "adresse email", "adresse mail", "courriel", "adresse électronique", "e mailadres", "emailadres",
        "e mail adres", "mailadres", "электронная почта", "эл почта", "почта", "адрес электронной почты",
        "e mail adresse", "emailadresse", "mailadresse",
    ),
    "name": (
        "nome completo", "nome e cognome", "cognome e nome", "nominativo", "nombre completo", "nombre y apellidos",
        "nom complet", "nom et prénom", "prénom et nom", "volledige naam", "voor en achternaam", "полное имя", "фио",
        "имя и фамилия", "vollständiger name", "vor und nachname", "nome", "nombre", "nom", "naam", "имя",
    ),
    "first_name": (
        "nome di battesimo", "nome proprio", "prénom", "nombre de pila", "primer nombre", "voornaam", "vorname",
        "forename",
    ),
    "last_name": (
        "cognome", "apellido", "apellidos", "primer apellido", "nom de famille", "achternaam", "familienaam",
        "nachname", "familienname", "zuname", "фамилия",
    ),
    "phone": (
        "telefono", "cellulare", "numero di telefono", "numero di cellulare", "tel", "móvil", "celular",
        "número de teléfono", "teléfono móvil", "téléphone", "portable", "numéro de téléphone", "téléphone portable",
        "telefoon", "telefoonnummer", "mobiel", "mobiel nummer", "gsm", "телефон", "номер телефона", "мобильный",
        "мобильный телефон", "telefon", "telefonnummer", "handy", "handynummer", "mobil", "mobilnummer",
        "mobiltelefon", "rufnummer",
    ),
    "company": (
        "azienda", "società", "ditta", "ragione sociale", "impresa", "empresa", "compañía", "razón social",
        "nombre de la empresa", "entreprise", "société", "raison sociale", "nom de l entreprise", "bedrijf",
        "bedrijfsnaam", "organisatie", "компания", "организация", "название компании", "фирма", "firma",
        "unternehmen", "firmenname",
    ),
    "kind": (
        "tipo di contatto", "tipo contatto", "tipo de contacto", "type de contact", "soort contact", "contacttype",
        "тип контакта", "kontaktart", "kontakttyp",
    ),
    "language": (
        "lingua", "lingua preferita", "idioma", "idioma preferido", "langue", "langue préférée", "taal",
        "voorkeurstaal", "язык", "sprache", "bevorzugte sprache",
    ),
    "country": (
        "paese", "nazione", "codice paese", "país", "código de país", "pays", "code pays", "land", "landcode",
        "страна", "код страны", "ländercode", "länderkürzel",
    ),
    "timezone": ("fuso orario", "zona horaria", "fuseau horaire", "tijdzone", "часовой пояс", "zeitzone"),
    "owner": (
        "responsabile cliente", "gestor de cuenta", "propietario del contacto", "responsable de compte",
        "propriétaire du contact", "accountmanager", "ответственный", "kundenbetreuer", "betreuer",
    ),
    "tags": ("etichette", "etiquetas", "étiquettes", "метки", "теги", "schlagwörter", "schlagworte"),
    "occurred_at": (
        "data", "data ordine", "fecha", "fecha de pedido", "date de commande", "datum", "besteldatum", "дата",
        "дата заказа", "bestelldatum", "bestellt am", "creato il", "creado el", "créé le", "erstellt am",
        "aangemaakt op", "pagato il", "pagado el", "payé le", "betaald op", "bezahlt am",
    ),
    "amount": (
        "importo", "totale", "importe", "montant", "bedrag", "totaal", "totaalbedrag", "сумма", "итого", "betrag",
        "gesamtbetrag", "summe", "gesamtsumme", "totale ordine", "total del pedido", "total de la commande",
    ),
    "currency": ("valuta", "moneda", "divisa", "devise", "monnaie", "валюта", "währung"),
    "score": ("punteggio", "puntuación", "valoración", "cijfer", "оценка", "bewertung"),
    "product": ("prodotto", "articolo", "producto", "artículo", "produit", "товар", "продукт", "produkt", "artikel"),
    "order": (
        "numero ordine", "id ordine", "ordine", "número de pedido", "id de pedido", "pedido", "numéro de commande",
        "commande", "bestelnummer", "ordernummer", "bestelling", "номер заказа", "заказ", "bestellnummer",
        "auftragsnummer", "bestellung",
    ),
    "code": (
        "codice sconto", "codice promozionale", "coupon", "código de descuento", "cupón", "code promo",
        "code de réduction", "kortingscode", "couponcode", "промокод", "купон", "код скидки", "gutscheincode",
        "gutschein", "rabattcode",
    ),
    "refunded": (
        "rimborsato", "importo rimborsato", "reembolsado", "importe reembolsado", "remboursé", "montant remboursé",
        "terugbetaald", "terugbetaald bedrag", "возвращено", "сумма возврата", "erstattet", "erstatteter betrag",
    ),
    "status": (
        "stato", "stato ordine", "stato pagamento", "estado", "estado del pedido", "statut", "orderstatus",
        "betaalstatus", "статус", "статус заказа", "bestellstatus", "zahlungsstatus",
    ),
}  # fmt: skip
# Words for a whole name and for one part of it, where the other part has a column of its own.
FIRST_OR_WHOLE = ("nome", "nombre", "имя")
LAST_OR_WHOLE = ("nom", "naam")
# German says “Name” for both, beside “Vorname”.
GERMAN_FIRST = "vorname"
